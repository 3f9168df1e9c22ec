//! `secrets`: what can be done with a secret by name. The grant knows the names, the port the values.

use jackfield_core::port::HmacAlgorithm;

use crate::instance::HostState;
use crate::world::v1::jackfield::connector::secrets::{Algorithm, Error, Host};

impl Host for HostState {
    fn granted(&mut self) -> wasmtime::Result<Vec<String>> {
        self.begin()?;
        Ok(self.grant().secret_names().map(str::to_owned).collect())
    }

    async fn hmac(
        &mut self,
        name: String,
        algorithm: Algorithm,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        self.begin()?;
        if let Err(denial) = self.grant().check_hmac(&name) {
            return Ok(Err(Error::Denied(self.denied(&denial))));
        }
        let algorithm = match algorithm {
            Algorithm::Sha1 => HmacAlgorithm::Sha1,
            Algorithm::Sha256 => HmacAlgorithm::Sha256,
            Algorithm::Sha512 => HmacAlgorithm::Sha512,
        };
        self.waiting_for = Some("a secret");
        let invocation = self.invocation.clone();
        // Unlike other ports this one computes for the guest, as much as the guest likes: the time is the guest's. What
        // it waits for, such as a store of secrets, is not.
        let digest = self.ports.secrets.hmac(&invocation.context, &name, algorithm, &message).await;
        self.waiting_for = None;
        Ok(digest.map_err(Error::Unavailable))
    }

    async fn reveal(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.begin()?;
        if let Err(denial) = self.grant().check_reveal(&name) {
            return Ok(Err(Error::Denied(self.denied(&denial))));
        }
        self.waiting_for = Some("a secret");
        let invocation = self.invocation.clone();
        let value = self.meter.waiting(self.ports.secrets.reveal(&invocation.context, &name)).await;
        self.waiting_for = None;
        // The operator wrote that the guest shall hold it: from here on a copy lives in the guest's memory.
        Ok(value.map(|value| value.to_string()).map_err(Error::Unavailable))
    }
}
