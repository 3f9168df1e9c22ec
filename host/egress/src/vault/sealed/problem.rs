//! Why the sealed vault gives nothing. Each problem says what to do; none holds a value or a part of a key.

/// Why a sealed vault, its key or an entry in it is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealedProblem {
    /// The configuration has no `[vault]`.
    #[error("no vault is configured; add `[vault]` with `file` and `master_key`, then run `jackfield secrets init`")]
    Unconfigured,
    /// The vault's file is not there.
    #[error("there is no vault yet; run `jackfield secrets init`")]
    Missing,
    /// There is one already.
    #[error("it exists already and is not overwritten")]
    Exists,
    /// The operating system refused.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The operating system refused.
    #[error("it cannot be written: {0}")]
    Unwritable(String),
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// Others than those who must can read or write it.
    #[error(
        "others may read or write it (mode {mode:o}); run `chmod 600` on it, and change what it held if it was read"
    )]
    Exposed {
        /// Permission bits.
        mode: u32,
    },
    /// Larger than any vault.
    #[error("it is over {0} bytes, which is more than a vault may have")]
    TooLarge(u64),
    /// Cut short, or no vault.
    #[error("it is cut short or no vault ({0}); restore it from a backup")]
    Malformed(String),
    /// Made by a later version.
    #[error("it has the format {0}, which this version does not know; use the version of jackfield that wrote it")]
    Format(u64),
    /// Opened, and not what was written.
    #[error("it was changed by something else than `jackfield secrets`; restore it from a backup")]
    Tampered,
    /// None of the master keys opens it.
    #[error("the master key does not open it; give the key that it was made or last rekeyed with as `master_key`")]
    WrongKey,
    /// The environment variable of a master key is not set.
    #[error("the environment variable is not set")]
    KeyUnset,
    /// A master key that is none.
    #[error("it is no master key: 32 bytes as 64 hexadecimal digits or in base64; `jackfield secrets init` makes one")]
    KeyMalformed,
    /// A passphrase that could be guessed.
    #[error("the passphrase has fewer than {0} characters")]
    PassphraseShort(usize),
    /// The terminal was not asked.
    #[error("the passphrase is asked for on a terminal only by `jackfield serve` and `jackfield secrets`")]
    PassphraseUnasked,
    /// Nothing under this connection and name.
    #[error("it has no value for it; run `jackfield secrets set CONNECTION NAME`")]
    NoValue,
    /// An entry that does not open where it stands.
    #[error("the value does not open: it was sealed for another connection or name; set it again")]
    Displaced,
    /// The operating system gave no randomness, or the cipher refused.
    #[error("the operating system gives no randomness, or not enough memory")]
    Machine,
}

/// A problem and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{at}`: {problem}")]
pub struct SealedError {
    /// The file or the source of the key; never a value.
    pub at: Box<str>,
    /// What is wrong with it.
    #[source]
    pub problem: SealedProblem,
}

impl SealedError {
    pub(in crate::vault) fn new(at: impl std::fmt::Display, problem: SealedProblem) -> SealedError {
        SealedError { at: at.to_string().into(), problem }
    }
}
