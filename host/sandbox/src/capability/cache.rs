//! `cache`: a small store per connection. The port bounds it; nothing is granted, since it reaches nothing.

use bytes::Bytes;

use crate::instance::HostState;
use crate::world::v1::jackfield::connector::cache::{Error, Host};

impl Host for HostState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        self.begin()?;
        Ok(self.ports.cache.get(self.connection(), &key).map(Vec::from))
    }

    fn put(&mut self, key: String, value: Vec<u8>, ttl_ms: u32) -> wasmtime::Result<Result<(), Error>> {
        self.begin()?;
        let put = self.ports.cache.put(self.connection(), &key, Bytes::from(value), ttl_ms);
        Ok(put.map_err(|_| Error::TooLarge))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<()> {
        self.begin()?;
        self.ports.cache.delete(self.connection(), &key);
        Ok(())
    }
}
