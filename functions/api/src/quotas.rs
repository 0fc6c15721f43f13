//! The quotas of each owner, which the operator sets with `HEADWAY_QUOTAS`.

use headway_core::config::ConfigError;
use headway_core::quota::Quotas;

/// The limits that differ from the defaults: `liveJobs=10,liveItems=1000000,startsPerMinute=6`.
pub const HEADWAY_QUOTAS: &str = "HEADWAY_QUOTAS";

/// The default quotas, changed by those that the environment names.
///
/// # Errors
///
/// [`ConfigError::Invalid`], which says how to write them.
pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Quotas, ConfigError> {
    let mut quotas = Quotas::default();
    let Some(value) = env(HEADWAY_QUOTAS) else { return Ok(quotas) };
    for limit in value.split(',') {
        if set(&mut quotas, limit.trim()).is_none() {
            let expected = "limits such as liveJobs=100,liveItems=20000000,startsPerMinute=60, each a whole number, 1 or more".to_owned();
            return Err(ConfigError::Invalid { name: HEADWAY_QUOTAS, value, expected });
        }
    }
    Ok(quotas)
}

fn set(quotas: &mut Quotas, limit: &str) -> Option<()> {
    let (name, number) = limit.split_once('=')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    match name {
        "liveJobs" => quotas.live_jobs = number.try_into().ok()?,
        "liveItems" => quotas.live_items = number,
        "startsPerMinute" => quotas.starts_per_minute = number.try_into().ok()?,
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limit that cannot be read must not silently become the default.
    #[test]
    fn only_limits_are_read() {
        let read = |text: &str| from_env(&|_| Some(text.to_owned()));
        assert_eq!(from_env(&|_| None), Ok(Quotas::default()));
        assert_eq!(read("liveJobs=7, startsPerMinute=9"), Ok(Quotas { live_jobs: 7, starts_per_minute: 9, ..Quotas::default() }));
        assert_eq!(read("liveItems=5").unwrap().live_items, 5);
        for refused in [
            "",
            "liveJobs",
            "liveJobs=0",
            "liveJobs=-1",
            "livejobs=1",
            "liveJobs=1,",
            "liveJobs=1;liveItems=2",
            "startsPerMinute=4294967296",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
