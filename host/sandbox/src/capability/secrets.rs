//! `secrets`: what can be done with a secret by name. The grant knows the names, the port the values.

use jackfield_core::port::HmacAlgorithm;

use crate::instance::HostState;
use crate::world::v1::jackfield::connector::secrets::{Algorithm, Error, Host};

impl Host for HostState {
    fn granted(&mut self) -> wasmtime::Result<Vec<String>> {
        self.begin()?;
        Ok(self.grant().secret_names().map(str::to_owned).collect())
    }

    fn hmac(
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
        Ok(self.ports.secrets.hmac(self.connection(), &name, algorithm, &message).map_err(Error::Unavailable))
    }

    fn reveal(&mut self, name: String) -> wasmtime::Result<Result<String, Error>> {
        self.begin()?;
        if let Err(denial) = self.grant().check_reveal(&name) {
            return Ok(Err(Error::Denied(self.denied(&denial))));
        }
        let value = self.ports.secrets.reveal(self.connection(), &name);
        // The operator wrote that the guest shall hold it: from here on a copy lives in the guest's memory.
        Ok(value.map(|value| value.to_string()).map_err(Error::Unavailable))
    }
}
