//! Glue between the contract's free functions and one frozen [`Model`] value.

use crate::bindings::exports::outpost::model::inference::{Error, Guest as Inference};
use crate::bindings::{Frozen, Guest as Freeze};
use crate::{Description, Model, Prediction, Source, Tensor, check_inputs};
use std::cell::UnsafeCell;
use std::marker::PhantomData;

/// Holds the frozen model for the life of the module.
pub struct FrozenCell<M>(UnsafeCell<Option<M>>);

// SAFETY: a wasm32 module without shared memory has one thread.
unsafe impl<M> Sync for FrozenCell<M> {}

impl<M> FrozenCell<M> {
    /// A cell that `freeze` has not filled yet.
    pub const fn empty() -> Self {
        FrozenCell(UnsafeCell::new(None))
    }

    #[allow(clippy::mut_from_ref)]
    fn get(&self) -> &mut Option<M> {
        // SAFETY: one thread, and the contract's functions do not call each
        // other, so that there is never a second reference.
        unsafe { &mut *self.0.get() }
    }
}

/// A model with a place to live; implemented by [`export!`](crate::export).
pub trait Exported: Model {
    /// The cell of this model.
    fn cell() -> &'static FrozenCell<Self>;
}

/// Implements the contract for `M`.
pub struct Component<M>(PhantomData<M>);

impl<M: Exported> Inference for Component<M> {
    fn describe() -> Description {
        match M::cell().get() {
            Some(model) => model.description().clone(),
            None => Description {
                name: String::new(),
                version: String::new(),
                inputs: Vec::new(),
                outputs: Vec::new(),
            },
        }
    }

    fn infer(mut inputs: Vec<Tensor>) -> Result<Prediction, Error> {
        let model = (M::cell().get().as_mut())
            .ok_or_else(|| Error::Failed("the module was never frozen".into()))?;
        model.complete(&mut inputs);
        let inputs = check_inputs(inputs, &model.description().inputs).map_err(Error::Invalid)?;
        model.infer(inputs)
    }
}

impl<M: Exported> Freeze for Component<M> {
    #[cfg(target_family = "wasm")]
    fn freeze() -> Result<Frozen, String> {
        crate::alloc::begin();
        std::panic::set_hook(Box::new(|info| {
            // Where in which file is of no use to who builds a module.
            let message = info.payload_as_str().unwrap_or("it panicked");
            crate::bindings::outpost::model::source::panicked(message);
        }));
        let model = M::freeze(&Source(()))?;
        *M::cell().get() = Some(model);
        drop(std::panic::take_hook());
        Ok(crate::alloc::finish())
    }

    #[cfg(not(target_family = "wasm"))]
    fn freeze() -> Result<Frozen, String> {
        *M::cell().get() = Some(M::freeze(&Source(()))?);
        Ok(Frozen { end: 0, arena_size: 0, lifetimes: Vec::new(), trace: 0 })
    }
}

/// Makes a [`Model`] the model of this guest.
#[macro_export]
macro_rules! export {
    ($model:ty) => {
        const _: () = {
            static CELL: $crate::FrozenCell<$model> = $crate::FrozenCell::empty();
            impl $crate::Exported for $model {
                fn cell() -> &'static $crate::FrozenCell<Self> {
                    &CELL
                }
            }
            type Component = $crate::Component<$model>;
    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
