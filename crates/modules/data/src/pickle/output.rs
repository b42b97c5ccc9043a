//! The bytes that a pickler writes, in frames from protocol 4 on.

use super::opcode::FRAME;
use adder_vm::objects::bytes::Bytes;
use adder_vm::protocol::call;
use adder_vm::runtime::errors::PyResult;
use adder_vm::runtime::memory;
use adder_vm::{Value, Vm};

/// A frame that has reached this size ends; larger objects stand outside of frames.
pub const FRAME_SIZE_TARGET: usize = 64 * 1024;
/// What is written between two places where a frame may end is no more than that.
const SPARE: usize = 2 * FRAME_SIZE_TARGET;
/// A frame that would be smaller has no header.
const FRAME_SIZE_MIN: usize = 4;
const FRAME_HEADER: usize = 9;

/// What was written and not handed to the file yet.
pub struct Output {
    bytes: Vec<u8>,
    /// `file.write`; without it everything stays here.
    write: Option<Value>,
    framing: bool,
    /// Does the next byte begin a frame?
    opens: bool,
    /// Where the header of the present frame is.
    frame: Option<usize>,
}

impl Output {
    pub fn new(write: Option<Value>) -> Output {
        Output { bytes: Vec::with_capacity(256), write, framing: false, opens: false, frame: None }
    }
    pub fn start_framing(&mut self) {
        (self.framing, self.opens) = (true, true);
    }

    #[cold]
    fn open_frame(&mut self) {
        self.opens = false;
        self.frame = Some(self.bytes.len());
        self.bytes.extend_from_slice(&[0; FRAME_HEADER]);
    }
    #[inline]
    pub fn push(&mut self, byte: u8) {
        if self.opens {
            self.open_frame();
        }
        self.bytes.push(byte);
    }
    #[inline]
    pub fn extend(&mut self, bytes: &[u8]) {
        if self.opens {
            self.open_frame();
        }
        self.bytes.extend_from_slice(bytes);
    }
    /// An opcode and its argument.
    #[inline(always)]
    pub fn op<const N: usize>(&mut self, opcode: u8, argument: [u8; N]) {
        if self.opens {
            self.open_frame();
        }
        self.bytes.reserve(N + 1);
        self.bytes.push(opcode);
        self.bytes.extend_from_slice(&argument);
    }

    fn close_frame(&mut self) {
        let Some(start) = self.frame.take() else { return };
        self.opens = self.framing;
        let len = self.bytes.len() - start - FRAME_HEADER;
        if len < FRAME_SIZE_MIN {
            self.bytes.drain(start..start + FRAME_HEADER);
            return;
        }
        self.bytes[start] = FRAME;
        self.bytes[start + 1..start + FRAME_HEADER].copy_from_slice(&(len as u64).to_le_bytes());
    }

    fn flush(&mut self, vm: &Vm) -> PyResult<()> {
        if let Some(write) = &self.write {
            let bytes = Bytes::from_slice(&self.bytes);
            self.bytes.clear();
            call::call(vm, write, &[bytes.into()])?;
        }
        Ok(())
    }

    /// Between two opcodes a frame may end.
    #[inline]
    pub fn boundary(&mut self, vm: &Vm) -> PyResult<()> {
        if self.bytes.len() >= memory::LARGE {
            vm.room_for(&mut self.bytes, SPARE)?;
        }
        match self.frame {
            Some(start) if self.bytes.len() - start - FRAME_HEADER >= FRAME_SIZE_TARGET => {
                self.close_frame();
                self.flush(vm)
            }
            _ => Ok(()),
        }
    }

    /// An object's header and bytes; large ones go to the file as they are, outside of frames.
    pub fn large(
        &mut self,
        vm: &Vm,
        header: &[u8],
        bytes: &[u8],
        object: Option<&Value>,
    ) -> PyResult<()> {
        if bytes.len() < FRAME_SIZE_TARGET {
            self.extend(header);
            self.extend(bytes);
            return Ok(());
        }
        self.close_frame();
        vm.room_for(&mut self.bytes, header.len() + bytes.len() + SPARE)?;
        self.bytes.extend_from_slice(header);
        let Some(write) = self.write.clone() else {
            self.bytes.extend_from_slice(bytes);
            return Ok(());
        };
        self.flush(vm)?;
        let payload = match object {
            Some(object) => object.clone(),
            None => Bytes::from_slice(bytes).into(),
        };
        call::call(vm, &write, &[payload]).map(drop)
    }

    /// Ends the pickle; the bytes that no file took are returned.
    pub fn finish(mut self, vm: &Vm) -> PyResult<Vec<u8>> {
        self.close_frame();
        self.flush(vm)?;
        Ok(self.bytes)
    }
}
