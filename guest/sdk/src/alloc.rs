//! The heap of a guest, made so that a frozen module holds live data only.
//!
//! Reading and optimising a model allocates several times what stays alive,
//! and a snapshot of an ordinary heap would carry all the holes along. Since a
//! guest is deterministic, freezing runs twice: the first pass records for each
//! allocation, in order, whether it was still alive at the end; the second pass
//! puts those into a dense arena at the bottom of the heap and everything else
//! above it, where the snapshot cuts the memory off. At run time the arena is
//! followed by a fresh heap, so that a request touches few pages.

use crate::bindings::Frozen;
use crate::bindings::outpost::model::source;
use dlmalloc::{Allocator, Dlmalloc};
use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::collections::hash_map::RandomState;
use std::ptr;

/// WebAssembly's page size.
const PAGE: usize = 65536;
/// Alignment of arena blocks, and room for the record of a recorded one.
const MIN_ALIGN: usize = 16;
/// Marks blocks of the first pass that are not part of the record.
const UNRECORDED: u64 = u64::MAX;

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    /// First pass: every block is preceded by its number.
    Record,
    /// Second pass: long-lived blocks go to the arena.
    Place,
    /// The contract's own exchange with the host: not counted.
    Exchange,
    /// The seeding of hash maps: see [`begin`].
    Seed,
    /// A finished module.
    Frozen,
}

struct Heap {
    phase: Phase,
    /// First address after the arena.
    arena_end: usize,
    /// Where the arena's next block goes.
    arena_next: usize,
    /// Number of allocations so far in this pass.
    count: u64,
    /// FNV-1a over sizes and alignments so far.
    trace: u64,
    /// A bit an allocation: still alive (Record), or to be placed (Place).
    /// A raw block, because a `Vec` would allocate from the heap it describes.
    lifetimes: *mut u8,
    lifetimes_len: usize,
    /// Upper bound of the arena that the blocks alive in the first pass need.
    live_bytes: usize,
    general: Dlmalloc<Pages>,
}

/// Hands memory to the general heap from the break upwards.
struct Pages;

#[global_allocator]
static HEAP: Shared = Shared(UnsafeCell::new(Heap {
    phase: Phase::Record,
    arena_end: 0,
    arena_next: 0,
    count: 0,
    trace: 0xcbf2_9ce4_8422_2325,
    lifetimes: ptr::null_mut(),
    lifetimes_len: 0,
    live_bytes: 0,
    general: Dlmalloc::new_with_allocator(Pages),
}));

/// First address that the general heap has not taken yet; 0 before its start.
static BREAK: Address = Address(UnsafeCell::new(0));

struct Shared(UnsafeCell<Heap>);
struct Address(UnsafeCell<usize>);

// SAFETY: a wasm32 module without shared memory has one thread.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Sync for Address {}

unsafe extern "C" {
    /// Placed by the linker at the end of static data.
    static __heap_base: u8;
}

fn heap_base() -> usize {
    (&raw const __heap_base).addr().next_multiple_of(MIN_ALIGN)
}

/// Grows memory until `end` is inside it.
fn ensure_memory(end: usize) -> bool {
    let have = core::arch::wasm32::memory_size(0) * PAGE;
    end <= have || core::arch::wasm32::memory_grow(0, (end - have).div_ceil(PAGE)) != usize::MAX
}

// SAFETY: the ranges handed out are disjoint, inside memory, and never reused.
unsafe impl Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        // SAFETY: one thread, no reference kept.
        let next = unsafe { &mut *BREAK.0.get() };
        if *next == 0 {
            *next = heap_base();
        }
        let Some(end) = next.checked_add(size) else {
            // Asked for in vain, so that the host learns what the guest lacked.
            core::arch::wasm32::memory_grow(0, usize::MAX / PAGE);
            return (ptr::null_mut(), 0, 0);
        };
        if !ensure_memory(end) {
            return (ptr::null_mut(), 0, 0);
        }
        let start = *next;
        *next = end;
        (ptr::with_exposed_provenance_mut(start), size, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        // Small steps: a request should touch few pages.
        4096
    }
}

impl Heap {
    fn note(&mut self, layout: Layout) -> u64 {
        let number = self.count;
        self.count += 1;
        for value in [layout.size(), layout.align()] {
            self.trace = (self.trace ^ value as u64).wrapping_mul(0x0100_0000_01b3);
        }
        number
    }

    /// Bytes kept before a recorded block for its number.
    fn header(layout: Layout) -> usize {
        layout.align().max(MIN_ALIGN)
    }

    /// The most room that a block can take in the arena, alignment included.
    fn arena_share(layout: Layout) -> usize {
        layout.size().next_multiple_of(MIN_ALIGN) + Self::header(layout) - MIN_ALIGN
    }

    unsafe fn alloc_recorded(&mut self, layout: Layout, number: u64) -> *mut u8 {
        let header = Self::header(layout);
        // SAFETY: size and alignment come from a valid layout; the header is a
        // multiple of the alignment, so that the block behind it is aligned.
        unsafe {
            let block = self.general.malloc(layout.size() + header, header);
            if block.is_null() {
                return block;
            }
            block.cast::<u64>().write(number);
            if number != UNRECORDED {
                self.live_bytes += Self::arena_share(layout);
                self.set_alive(number, true);
            }
            block.add(header)
        }
    }

    unsafe fn set_alive(&mut self, number: u64, alive: bool) {
        let Ok(byte) = usize::try_from(number / 8) else { return };
        // SAFETY: the bitmap is grown to hold `byte` before it is written.
        unsafe {
            if byte >= self.lifetimes_len {
                let len = (byte + 1).next_multiple_of(64 * 1024) * 2;
                let grown = self.general.calloc(len, 1);
                if grown.is_null() {
                    core::arch::wasm32::unreachable();
                }
                if !self.lifetimes.is_null() {
                    ptr::copy_nonoverlapping(self.lifetimes, grown, self.lifetimes_len);
                    self.general.free(self.lifetimes, self.lifetimes_len, 1);
                }
                self.lifetimes = grown;
                self.lifetimes_len = len;
            }
            let mask = 1_u8 << (number % 8);
            let slot = self.lifetimes.add(byte);
            if alive {
                *slot |= mask;
            } else {
                *slot &= !mask;
            }
        }
    }

    /// Whether the second pass shall keep allocation `number`.
    unsafe fn outlives(&self, number: u64) -> bool {
        usize::try_from(number / 8).ok().filter(|&byte| byte < self.lifetimes_len).is_some_and(
            // SAFETY: just checked to be inside of the bitmap.
            |byte| unsafe { *self.lifetimes.add(byte) } & (1 << (number % 8)) != 0,
        )
    }

    fn place(&mut self, layout: Layout) -> Option<*mut u8> {
        let start = self.arena_next.next_multiple_of(layout.align().max(MIN_ALIGN));
        let end = start.checked_add(layout.size())?;
        if end > self.arena_end {
            return None;
        }
        self.arena_next = end;
        Some(ptr::with_exposed_provenance_mut(start))
    }
}

// SAFETY: blocks are disjoint and as large and aligned as their layouts ask.
unsafe impl GlobalAlloc for Shared {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread; the methods below keep no reference.
        unsafe {
            let heap = &mut *self.0.get();
            match heap.phase {
                Phase::Frozen => heap.general.malloc(layout.size(), layout.align()),
                Phase::Record => {
                    let number = heap.note(layout);
                    heap.alloc_recorded(layout, number)
                }
                Phase::Exchange if heap.arena_end == 0 => heap.alloc_recorded(layout, UNRECORDED),
                Phase::Exchange => heap.general.malloc(layout.size(), layout.align()),
                Phase::Seed => SEED_BLOCK.0.get().cast(),
                Phase::Place => {
                    let number = heap.note(layout);
                    match heap.outlives(number).then(|| heap.place(layout)).flatten() {
                        Some(block) => block,
                        None => heap.general.malloc(layout.size(), layout.align()),
                    }
                }
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread; `block` came from `alloc` with this layout.
        unsafe {
            let heap = &mut *self.0.get();
            if heap.phase == Phase::Seed {
                return;
            }
            if heap.arena_end == 0 {
                let header = Heap::header(layout);
                let start = block.sub(header);
                let number = start.cast::<u64>().read();
                if number != UNRECORDED {
                    heap.live_bytes -= Heap::arena_share(layout);
                    heap.set_alive(number, false);
                }
                heap.general.free(start, layout.size() + header, header);
            } else if block.addr() >= heap.arena_end {
                heap.general.free(block, layout.size(), layout.align());
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as for `alloc` and `dealloc`; the copy stays inside of both
        // blocks.
        unsafe {
            let heap = &mut *self.0.get();
            if heap.phase == Phase::Frozen && block.addr() >= heap.arena_end {
                return heap.general.realloc(block, layout.size(), layout.align(), new_size);
            }
            let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
                return ptr::null_mut();
            };
            let grown = self.alloc(new_layout);
            if !grown.is_null() {
                ptr::copy_nonoverlapping(block, grown, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            grown
        }
    }
}

/// What the one allocation of std's hash seeding gets.
#[repr(align(64))]
struct SeedBlock(UnsafeCell<[u8; 64]>);
// SAFETY: a wasm32 module without shared memory has one thread.
unsafe impl Sync for SeedBlock {}
static SEED_BLOCK: SeedBlock = SeedBlock(UnsafeCell::new([0; 64]));

fn heap() -> &'static mut Heap {
    // SAFETY: one thread; callers drop the reference before they allocate.
    unsafe { &mut *HEAP.0.get() }
}

/// Starts a pass of freezing. Must come before anything allocates.
pub fn begin() {
    let arena_size = usize::try_from(source::arena_size()).unwrap_or(usize::MAX);

    // Without an operating system, std seeds its hash maps with the address of
    // a block on the heap. Both passes must get the same seed, or maps would be
    // walked in another order and the passes drift apart.
    heap().phase = Phase::Seed;
    let _ = RandomState::new();
    heap().phase = Phase::Record;

    if arena_size == 0 {
        return;
    }
    let start = heap_base();
    let end = start + arena_size;
    if !ensure_memory(end) {
        core::arch::wasm32::unreachable();
    }
    // SAFETY: one thread, and nothing has been allocated yet.
    unsafe { *BREAK.0.get() = end };
    heap().arena_next = start;
    heap().arena_end = end;
    heap().phase = Phase::Exchange;
    let lifetimes = source::lifetimes();
    heap().lifetimes_len = lifetimes.len();
    heap().lifetimes = Box::leak(lifetimes.into_boxed_slice()).as_mut_ptr();
    heap().phase = Phase::Place;
}

/// Ends a pass of freezing.
pub fn finish() -> Frozen {
    let trace = heap().trace;
    if heap().phase == Phase::Record {
        heap().phase = Phase::Exchange;
        let lifetimes = match usize::try_from(heap().count.div_ceil(8)) {
            // SAFETY: the bitmap covers every number below `count`.
            Ok(used) if !heap().lifetimes.is_null() => unsafe {
                std::slice::from_raw_parts(heap().lifetimes, used.min(heap().lifetimes_len))
                    .to_vec()
            },
            _ => Vec::new(),
        };
        return Frozen {
            end: 0,
            arena_size: heap().live_bytes.max(MIN_ALIGN) as u64,
            lifetimes,
            trace,
        };
    }
    let heap = heap();
    // Nothing above the arena is alive: the run-time heap starts afresh there.
    heap.general = Dlmalloc::new_with_allocator(Pages);
    heap.lifetimes = ptr::null_mut();
    heap.lifetimes_len = 0;
    heap.phase = Phase::Frozen;
    // SAFETY: one thread; the old heap is gone.
    unsafe { *BREAK.0.get() = heap.arena_end };
    Frozen { end: heap.arena_end as u64, arena_size: 0, lifetimes: Vec::new(), trace }
}
