//! Where the secrets of a configuration come from: opens its stores and gathers its sources. Reading values is the
//! egress's business; nothing here holds one, but for a passphrase on its way from the terminal.

use std::sync::Arc;

use jackfield_egress::{
    MasterKey, MasterSource, OpenBao, OpenBaoConfig, SealedVault, SecretEntry, SecretSource, Stores, Vault,
};
use toml::Spanned;
use zeroize::Zeroizing;

use crate::config::{Complaints, Config, VaultSection};

/// What to do about `[vault]`.
const HINT: &str = "`jackfield secrets init` makes a vault; see docs/secrets.md";

/// Opens the stores and holds every secret against its source, as far as this machine can tell.
pub fn vault(config: &Config, complaints: &mut Complaints) -> Vault {
    let sealed = config.vault.as_ref().map(|section| open_sealed(config, section, complaints));
    let openbao = config.openbao.as_ref().map(|section| open_openbao(config, section, complaints));
    // A store that is there and does not open has had its complaint; its secrets get none of their own.
    let is_broken = |source: &SecretSource| match source {
        SecretSource::Vault => matches!(sealed, Some(None)),
        SecretSource::OpenBao(_) => matches!(openbao, Some(None)),
        SecretSource::Env(_) | SecretSource::File(_) => false,
    };

    let mut entries = Vec::new();
    let mut spans = Vec::new();
    for (name, section) in &config.connections {
        for (secret, written) in &section.get_ref().secrets {
            match SecretSource::parse(written.get_ref().source()) {
                Ok(source) if is_broken(&source) => {}
                Ok(source) => {
                    entries.push(SecretEntry { connection: name.clone(), name: secret.clone(), source });
                    spans.push(written.span());
                }
                Err(why) => complaints.push_unquoted(
                    written.span(),
                    format!("secret `{secret}` of connection `{name}`: {why}"),
                    "`env:NAME`, `file:/path`, `vault:` or `openbao:MOUNT/PATH#FIELD`",
                ),
            }
        }
    }
    let uses_sealed = entries.iter().any(|entry: &SecretEntry| entry.source == SecretSource::Vault);
    if let (false, Some(section), Some(Some(opened))) = (uses_sealed, &config.vault, &sealed)
        && let Err(error) = opened.check()
    {
        // Tokens are sealed with it, and no connection's own complaint would tell.
        complaints.push_unquoted(section.span(), format!("the vault {error}"), HINT);
    }
    let stores = Stores { sealed: sealed.flatten(), openbao: openbao.flatten() };
    let vault = Vault::with_stores(stores, entries.clone());
    for (entry, span) in entries.iter().zip(spans) {
        if let Err(problem) = vault.check(&entry.connection, &entry.name) {
            complaints.push_credential(
                &entry.connection,
                Some(span),
                problem.to_string(),
                "the value is read from its source at every use; it stands nowhere in this file",
            );
        }
    }
    vault
}

/// The sealed vault as it is configured; not opened yet.
///
/// # Errors
/// When a source of its key is none, or there is no terminal to ask for a passphrase.
pub fn sealed(config: &Config, section: &VaultSection) -> Result<SealedVault, String> {
    let masters: Result<Vec<_>, String> = section.master_sources()?.into_iter().map(master_key).collect();
    Ok(SealedVault::new(config.source.resolve(&section.file), masters?))
}

/// A master key, with its passphrase where the terminal has to be asked for one.
///
/// # Errors
/// When there is no terminal.
pub fn master_key(source: MasterSource) -> Result<MasterKey, String> {
    if source != MasterSource::Prompt {
        return Ok(MasterKey::new(source));
    }
    let typed = rpassword::prompt_password("passphrase of the vault: ")
        .map_err(|e| format!("there is no terminal to ask for the passphrase of the vault ({e})"))?;
    Ok(MasterKey::typed(Zeroizing::new(typed)))
}

fn open_sealed(
    config: &Config,
    section: &Spanned<VaultSection>,
    complaints: &mut Complaints,
) -> Option<Arc<SealedVault>> {
    // That it does not open is the complaint of each secret in it: connections without one start all the same.
    match sealed(config, section.get_ref()) {
        Ok(vault) => Some(Arc::new(vault)),
        Err(why) => {
            complaints.push_unquoted(
                section.span(),
                why,
                "`jackfield secrets init` makes a vault; see docs/secrets.md",
            );
            None
        }
    }
}

fn open_openbao(
    config: &Config,
    section: &Spanned<OpenBaoConfig>,
    complaints: &mut Complaints,
) -> Option<Arc<OpenBao>> {
    let mut settings = section.get_ref().clone();
    settings.ca_file = settings.ca_file.map(|file| config.source.resolve(&file));
    match OpenBao::new(&settings) {
        Ok(openbao) => Some(Arc::new(openbao)),
        Err(error) => {
            complaints.push_unquoted(
                section.span(),
                error.to_string(),
                "see docs/secrets.md for the keys of `[openbao]`",
            );
            None
        }
    }
}
