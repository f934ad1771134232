//! Returns a thousand outputs that are all the same mebibyte: cheap to claim,
//! dear to copy.

use outpost_test_guests::{Datatype, Error, Tensor, guest};

guest! {
    infer: |_: &[_]| -> Result<Vec<Tensor>, Error> {
        let size = 1 << 20;
        let shared = Box::leak(vec![7_u8; size].into_boxed_slice()).as_mut_ptr();
        let tensor = |index| Tensor {
            name: format!("y{index}"),
            datatype: Datatype::Uint8,
            shape: vec![size as u64],
            // SAFETY: none; the parts are only read.
            data: unsafe { Vec::from_raw_parts(shared, size, size) },
        };
        Ok((0..1000).map(tensor).collect())
    },
}
