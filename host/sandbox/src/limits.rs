//! What one instance may use. A refusal is remembered, so that the trap that
//! follows from it can be explained.

use wasmtime::ResourceLimiter;

/// Table elements of one instance, over all its tables.
const TABLE_ELEMENTS: usize = 200_000;

/// The store's data: the budget of one instance.
#[derive(Debug)]
pub struct Budget {
    memory_bytes: usize,
    memory_used: usize,
    table_elements_used: usize,
    refused: Option<String>,
}

impl Budget {
    pub fn new(memory_mib: u32) -> Self {
        let memory_bytes =
            usize::try_from(memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
        Budget { memory_bytes, memory_used: 0, table_elements_used: 0, refused: None }
    }

    /// Bytes of memory that the instance has.
    pub fn memory_used(&self) -> usize {
        self.memory_used
    }

    /// What the instance wanted and did not get.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // All memories of the instance share one budget.
        let used = self.memory_used.saturating_add(desired.saturating_sub(current));
        if used > self.memory_bytes {
            self.refused = Some(format!("its limit of {} MiB of memory", self.memory_bytes >> 20));
            return Ok(false);
        }
        self.memory_used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.table_elements_used.saturating_add(desired.saturating_sub(current));
        if used > TABLE_ELEMENTS {
            self.refused = Some(format!("its limit of {TABLE_ELEMENTS} table elements"));
            return Ok(false);
        }
        self.table_elements_used = used;
        Ok(true)
    }
}
