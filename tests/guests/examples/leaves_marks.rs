//! Writes to its statics, to its frozen heap and all over a large block, and
//! tells whether any of that is still there from an earlier request. `x` holds
//! the size of the block in mebibytes.

use outpost_test_guests::{answer, guest, values};
use std::cell::{Cell, RefCell};

const MARK: u8 = 0x5a;

thread_local! {
    static STATIC: Cell<u8> = const { Cell::new(0) };
    static HEAP: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Memory as it comes out of the allocator, which nothing promises to be zero,
/// but which was never written by this instance.
fn block(size: usize) -> Vec<u8> {
    let mut block = Vec::with_capacity(size);
    // SAFETY: reading it is what this guest is for.
    #[allow(clippy::uninit_vec)]
    unsafe {
        block.set_len(size);
    }
    block
}

guest! {
    freeze: || {
        HEAP.with_borrow_mut(|heap| heap.resize(1 << 20, 0));
        Ok::<_, String>(())
    },
    infer: |inputs: &[_]| {
        let size = values(inputs).iter().sum::<f32>() as usize * (1 << 20);
        let mut large = block(size);
        let marks = |bytes: &[u8]| bytes.chunks(64).filter(|chunk| chunk.iter().all(|&byte| byte == MARK)).count();
        let seen = [
            f32::from(STATIC.get()),
            HEAP.with_borrow(|heap| marks(heap)) as f32,
            marks(std::hint::black_box(&large)) as f32,
        ];
        STATIC.set(MARK);
        HEAP.with_borrow_mut(|heap| heap.fill(MARK));
        large.fill(MARK);
        std::hint::black_box(&large);
        Ok(answer(&seen))
    },
}
