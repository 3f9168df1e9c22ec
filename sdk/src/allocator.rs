//! Memory for a guest that lives for one call: an arena that only ever grows, thrown away with the instance.
//!
//! The feature `arena` makes it the component's global allocator. A call of usual size then never asks for more linear
//! memory, which would cost the host system calls; a larger one falls back to the standard allocator and works as without.
//! Memory that is given back in the middle of the arena is not used again: measure before you turn it on for a connector
//! that works through many pages.
#![allow(unsafe_code, reason = "an allocator hands out raw memory; each step says why it may")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, UnsafeCell},
    mem::MaybeUninit,
    ptr,
};

/// What the host keeps resident between calls should hold this, the stack and the data: 128 KiB here is the size that
/// measured best together with a stack of 64 KiB.
#[cfg(all(feature = "arena", target_family = "wasm"))]
const ARENA_BYTES: usize = 128 * 1024;

#[cfg(all(feature = "arena", target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: Arena<ARENA_BYTES> = Arena::new();

/// `N` bytes, handed out from the bottom to the top.
pub(crate) struct Arena<const N: usize> {
    memory: UnsafeCell<MaybeUninit<[u8; N]>>,
    /// How many bytes are handed out; never more than `N`.
    used: Cell<usize>,
}

// SAFETY: a component of WASI 0.2 has one thread. Natively only tests make an arena, each its own, and share none.
unsafe impl<const N: usize> Sync for Arena<N> {}

impl<const N: usize> Arena<N> {
    pub(crate) const fn new() -> Self {
        Arena { memory: UnsafeCell::new(MaybeUninit::uninit()), used: Cell::new(0) }
    }

    fn base(&self) -> *mut u8 {
        self.memory.get().cast()
    }

    /// Where in the arena this memory begins, if it is the arena's.
    fn offset(&self, memory: *mut u8) -> Option<usize> {
        memory.addr().checked_sub(self.base().addr()).filter(|offset| *offset < N)
    }

    /// Whether this memory is the last that was handed out.
    fn is_last(&self, offset: usize, size: usize) -> bool {
        offset + size == self.used.get()
    }

    /// The offset of this much memory above what is in use, or nothing when it does not fit.
    fn fit(&self, layout: Layout) -> Option<usize> {
        let start = self.base().addr().checked_add(self.used.get())?;
        let padding = start.next_multiple_of(layout.align()) - start;
        let offset = self.used.get().checked_add(padding)?;
        (offset.checked_add(layout.size())? <= N).then_some(offset)
    }
}

// SAFETY: what is handed out from the arena lies within it, is aligned, and does not overlap what was handed out before
// and not given back: `used` is above all of it and moves down only over the last piece. Everything else is System's.
unsafe impl<const N: usize> GlobalAlloc for Arena<N> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.fit(layout) {
            Some(offset) => {
                self.used.set(offset + layout.size());
                // SAFETY: `fit` keeps the offset within the arena.
                unsafe { self.base().add(offset) }
            }
            // SAFETY: the caller's promises about `layout` are those that System asks for.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match self.offset(memory) {
            Some(offset) if self.is_last(offset, layout.size()) => self.used.set(offset),
            Some(_) => {}
            // SAFETY: what is not the arena's came from System with this layout.
            None => unsafe { System.dealloc(memory, layout) },
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset(memory) else {
            // SAFETY: what is not the arena's came from System with this layout.
            return unsafe { System.realloc(memory, layout, new_size) };
        };
        // The last piece grows and shrinks where it is: a string that is being written moves never.
        if self.is_last(offset, layout.size()) && offset.checked_add(new_size).is_some_and(|end| end <= N) {
            self.used.set(offset + new_size);
            return memory;
        }
        if new_size <= layout.size() {
            return memory;
        }
        // SAFETY: the caller promises that `new_size` makes a valid layout with the old alignment; the new piece is
        // another one, and at least as long as what is copied.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(memory, moved, layout.size());
                self.dealloc(memory, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn pieces_are_aligned_apart_and_keep_what_is_in_them() {
        let arena = Arena::<256>::new();
        let mut pieces = Vec::new();
        for (at, align) in [1, 8, 2, 16, 4, 1, 32].into_iter().enumerate() {
            let size = at + 1;
            // SAFETY: the size is not zero, and the memory is written within it.
            let piece = unsafe { arena.alloc(layout(size, align)) };
            assert!(piece.addr().is_multiple_of(align) && arena.offset(piece).is_some());
            unsafe { piece.write_bytes(at as u8, size) };
            pieces.push((piece, size));
        }
        for (at, (piece, size)) in pieces.into_iter().enumerate() {
            for byte in 0..size {
                // SAFETY: it was written above and not given back.
                assert_eq!(unsafe { piece.add(byte).read() }, at as u8);
            }
        }
    }

    #[test]
    fn what_does_not_fit_comes_from_the_system_and_goes_back_there() {
        let arena = Arena::<64>::new();
        // SAFETY: sizes are not zero, each piece is given back once with its layout.
        unsafe {
            let small = arena.alloc(layout(60, 1));
            let large = arena.alloc(layout(1_000, 8));
            assert!(arena.offset(small).is_some() && arena.offset(large).is_none());
            let larger = arena.realloc(large, layout(1_000, 8), 2_000);
            arena.dealloc(larger, layout(2_000, 8));
            small.write_bytes(7, 60);
            let moved = arena.realloc(small, layout(60, 1), 100);
            assert!(arena.offset(moved).is_none() && moved.add(59).read() == 7);
            arena.dealloc(moved, layout(100, 1));
            assert_eq!(arena.used.get(), 0, "the last piece was given back when it moved");
        }
    }

    #[test]
    fn the_last_piece_grows_in_place_and_others_move() {
        let arena = Arena::<64>::new();
        // SAFETY: sizes are not zero, each piece is given back at most once with its layout.
        unsafe {
            let first = arena.alloc(layout(8, 1));
            let second = arena.alloc(layout(8, 1));
            assert_eq!(arena.realloc(second, layout(8, 1), 16), second);
            assert_eq!(arena.realloc(second, layout(16, 1), 4), second);
            first.write_bytes(3, 8);
            let moved = arena.realloc(first, layout(8, 1), 9);
            assert!(moved != first && moved.add(7).read() == 3);
            assert_eq!(arena.realloc(second, layout(4, 1), 2), second, "shrinking never moves");
            arena.dealloc(second, layout(2, 1));
            assert_eq!(arena.used.get(), 21, "a piece in the middle stays where it is");
            arena.dealloc(moved, layout(9, 1));
            assert_eq!(arena.used.get(), 12);
        }
    }

    #[test]
    fn an_absurd_size_is_refused_and_breaks_nothing() {
        let arena = Arena::<64>::new();
        assert_eq!(arena.fit(layout(isize::MAX as usize, 1)), None);
        assert_eq!(arena.fit(layout(64, 1)), Some(0));
        assert_eq!(arena.fit(layout(65, 1)), None);
    }
}
