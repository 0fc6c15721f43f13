//! The processors of a worker.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::item_processor::ItemProcessor;
use crate::name_error::NameError;
use crate::processor_info::ProcessorInfo;
use crate::processors_error::ProcessorsError;

/// The processors a worker has, by name.
///
/// ```
/// use headway_processor::{Item, ItemError, ItemProcessor, Output, Processors, async_trait};
///
/// struct Archive;
///
/// #[async_trait]
/// impl ItemProcessor for Archive {
///     async fn process(&self, _: Item) -> Result<Output, ItemError> {
///         Ok(Output::None)
///     }
/// }
///
/// // A job names the processor that its items are for: `{"processor": "archive", "items": […]}`.
/// let processors = Processors::new().with("archive", Archive);
/// assert!(processors.get("archive").is_some());
/// assert_eq!(processors.infos()[0].name, "archive");
/// assert_eq!(processors.check(), Ok(()));
/// ```
#[derive(Clone, Default)]
pub struct Processors {
    by_name: BTreeMap<String, Arc<dyn ItemProcessor>>,
    fault: Option<NameError>,
}

impl Processors {
    /// Without any processors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `processor` under `name`: 1 to 64 letters, digits, `-`, `_` and `.`, and not the name of another one. A worker
    /// with another name does not start, and [`check`](Self::check) says what to change.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, processor: impl ItemProcessor + 'static) -> Self {
        let name = name.into();
        let fault = self.fault.take().or_else(|| NameError::of(&name, |name| self.by_name.contains_key(name)));
        self.by_name.insert(name, Arc::new(processor));
        Self { fault, ..self }
    }

    /// Checks the names and the options. The worker does so before it does anything else.
    ///
    /// # Errors
    ///
    /// The first name that jobs cannot use, or that was given twice; else the first option that is out of its range.
    pub fn check(&self) -> Result<(), ProcessorsError> {
        self.fault.clone().map_or(Ok(()), Err)?;
        let wrong = |name: &String, wrong| ProcessorsError::Option { processor: name.clone(), wrong };
        self.by_name.iter().try_for_each(|(name, processor)| processor.options().check().map_err(|error| wrong(name, error)))
    }

    /// The processor with that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn ItemProcessor>> {
        self.by_name.get(name)
    }

    /// The processors that jobs can use, in order of name.
    pub fn infos(&self) -> Vec<ProcessorInfo> {
        self.by_name.iter().map(|(name, processor)| ProcessorInfo::new(name, &processor.options())).collect()
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_name.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Item, ItemError, ItemProcessor, Options, Output, Processors, async_trait};

    struct Idle;

    #[async_trait]
    impl ItemProcessor for Idle {
        async fn process(&self, _: Item) -> Result<Output, ItemError> {
            Ok(Output::None)
        }

        fn options(&self) -> Options {
            Options { concurrency: 0, ..Options::default() }
        }
    }

    #[test]
    fn an_option_that_no_worker_can_follow_is_named_with_its_processor() {
        let wrong = Processors::new().with("idle", Idle).check().unwrap_err();
        assert_eq!(format!("{wrong:?}"), "the processor idle: concurrency is 0: use 1 to 10000", "as a main shows it");
    }
}
