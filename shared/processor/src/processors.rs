//! The processors of a worker.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::item_processor::ItemProcessor;
use crate::processor_info::ProcessorInfo;

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
/// ```
#[derive(Clone, Default)]
pub struct Processors(BTreeMap<String, Arc<dyn ItemProcessor>>);

impl Processors {
    /// Without any processors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `processor` under `name`. A later one with the same name replaces it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, processor: impl ItemProcessor + 'static) -> Self {
        self.0.insert(name.into(), Arc::new(processor));
        self
    }

    /// The processor with that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn ItemProcessor>> {
        self.0.get(name)
    }

    /// The processors that jobs can use, in order of name.
    pub fn infos(&self) -> Vec<ProcessorInfo> {
        self.0.iter().map(|(name, processor)| ProcessorInfo::new(name, &processor.options())).collect()
    }
}

impl fmt::Debug for Processors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
