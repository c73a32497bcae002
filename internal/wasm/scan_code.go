package wasm

import "fmt"

// bodies reads the code section: the locals and instructions of all functions.
//
// https://webassembly.github.io/spec/core/binary/modules.html#code-section
func (s *scanner) bodies() error {
	n, err := s.count(1)
	if err != nil {
		return err
	}
	end := s.end
	imported := len(s.m.funcs) - s.m.defined
	for i := range n {
		size, err := s.u32()
		if err != nil {
			return err
		}
		function := uint32(imported + i)
		s.function, s.end = &function, s.pos+int(size) // Decode has checked the sizes
		s.result.functionSize = max(s.result.functionSize, int(size))
		if err := s.body(); err != nil {
			return fmt.Errorf("function %d: %w", function, err)
		}
		s.end = end
	}
	s.function = nil
	return nil
}

func (s *scanner) body() error {
	n, err := s.count(2)
	if err != nil {
		return err
	}
	locals := uint64(0)
	for range n {
		same, err := s.u32()
		if err != nil {
			return err
		}
		locals += uint64(same)
		if _, err := s.valueType(); err != nil {
			return err
		}
	}
	s.result.locals = max(s.result.locals, locals)
	if err := s.expression(); err != nil {
		return err
	}
	if s.left() > 0 {
		return fmt.Errorf("%w: %d bytes behind the end of the function", ErrMalformed, s.left())
	}
	return nil
}

// expression reads instructions up to the end that closes them. What most code
// consists of is read here; it is the loop that decides how fast the walk is.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#expressions
func (s *scanner) expression() error {
	buf, pos := s.buf[:s.end], s.pos
	for depth := 1; depth > 0; {
		if pos >= len(buf) {
			s.pos = pos
			return fmt.Errorf("%w: instructions without an end", ErrTruncated)
		}
		at := pos
		in := s.set.core[buf[pos]]
		pos++
		if in.feature != noFeature {
			s.note(in.feature, at)
		}
		switch in.immediate {
		case immNone:
			if !s.constant {
				continue
			}
			s.noteConstant(at)
		case immCloses:
			depth--
		case immIndex, immInt32s:
			if s.constant {
				s.noteConstant(at)
			}
			if pos < len(buf) && buf[pos] < 0x80 {
				pos++
				continue
			}
			end := skipInteger(buf, pos, maxLEB32)
			if end < 0 {
				s.pos = at
				return errInteger(len(buf)-pos, maxLEB32)
			}
			pos = end
		case immInt64s:
			end := skipInteger(buf, pos, maxLEB64)
			if end < 0 {
				s.pos = at
				return errInteger(len(buf)-pos, maxLEB64)
			}
			pos = end
		case immAccess:
			if pos+1 < len(buf) && buf[pos] < 0x40 {
				if end := skipInteger(buf, pos+1, maxLEB64); end > 0 {
					pos = end
					continue
				}
			}
			s.pos = pos
			if err := s.access(); err != nil {
				return err
			}
			pos = s.pos
		default:
			s.pos = pos
			change, err := s.immediate(in.immediate, at)
			if err != nil {
				return err
			}
			depth += change
			pos = s.pos
		}
	}
	s.pos = pos
	return nil
}

// The largest sizes of integers of 32 and 64 bits in bytes.
const (
	maxLEB32 = 5
	maxLEB64 = 10
)

// skipInteger returns where the integer at pos ends; -1 when it has more than
// most bytes or does not end.
func skipInteger(buf []byte, pos, most int) int {
	for end := min(pos+most, len(buf)); pos < end; pos++ {
		if buf[pos] < 0x80 {
			return pos + 1
		}
	}
	return -1
}

// errInteger says why skipInteger has found no integer of at most so many bytes.
func errInteger(left, most int) error {
	if left < most {
		return fmt.Errorf("%w: in the immediates of an instruction", ErrTruncated)
	}
	return fmt.Errorf("%w: an integer with too many bits", ErrMalformed)
}

// noteConstant takes note of what constant expressions could not contain at
// first: arithmetic, and variables of the module itself.
//
// https://github.com/WebAssembly/extended-const/blob/main/proposals/extended-const/Overview.md
func (s *scanner) noteConstant(at int) {
	const (
		globalGet      = 0x23
		i32Add, i32Mul = 0x6a, 0x6c
		i64Add, i64Mul = 0x7c, 0x7e
	)
	switch op := s.buf[at]; {
	case op >= i32Add && op <= i32Mul, op >= i64Add && op <= i64Mul:
		s.note(FeatureExtendedConst, at)
	case op == globalGet:
		r := s.reader
		r.pos = at + 1
		if i, err := r.u32(); err == nil && int(i) >= s.m.importedGlobals() {
			s.note(FeatureGC, at) // it came with the garbage-collected types
		}
	}
}

// importedGlobals is how many variables the module imports: they come first.
func (m *Module) importedGlobals() int {
	n := 0
	for _, i := range m.imports {
		if i.Kind == ExternGlobal {
			n++
		}
	}
	return n
}
