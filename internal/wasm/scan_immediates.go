package wasm

import "fmt"

// immediate reads what follows the opcode at the offset, and returns by how much
// the depth of nesting changes.
func (s *scanner) immediate(kind immediate, at int) (int, error) {
	switch kind {
	case immOpens:
		return 1, s.blockType()
	case immOpensCatching:
		if err := s.blockType(); err != nil {
			return 0, err
		}
		return 1, s.catches()
	case immClosesLabel:
		return -1, s.integers(1)
	case immPrefix:
		return 0, s.prefixed(at)
	case immTypes:
		_, err := s.valueTypes()
		return 0, err
	case immLabels:
		if err := s.skipIndices(); err != nil {
			return 0, err
		}
		return 0, s.integers(1)
	}
	return 0, s.operands(kind, at)
}

// prefixed reads an instruction of a prefix and an integer.
func (s *scanner) prefixed(at int) error {
	n, err := s.u32()
	if err != nil {
		return err
	}
	table := s.set.prefixed[s.buf[at]&3]
	if uint64(n) >= uint64(len(table)) {
		return fmt.Errorf("%w: unknown instruction 0x%02x %d", ErrMalformed, s.buf[at], n)
	}
	s.note(table[n].feature, at)
	if err := s.operands(table[n].immediate, at); err != nil {
		return err
	}
	return nil
}

// operands reads the immediates that do not change the depth.
func (s *scanner) operands(kind immediate, at int) error {
	switch kind {
	case immNone:
		return nil
	case immIndex, immInt32s:
		return s.integers(1)
	case immTwoIndices:
		return s.integers(2)
	case immTableCall:
		return s.tableCall()
	case immHeapType:
		_, err := s.heapType()
		return err
	case immCastTypes:
		return s.castTypes()
	case immInt64s:
		return s.int64s()
	case immFloat32s:
		return s.skip(4)
	case immFloat64s:
		return s.skip(8)
	case immLane:
		return s.skip(1)
	case immLanes:
		return s.skip(16)
	case immAccess:
		return s.access()
	case immAccessLane:
		if err := s.access(); err != nil {
			return err
		}
		return s.skip(1)
	case immMemory:
		return s.memories(1)
	case immTwoMemories:
		return s.memories(2)
	case immInitMemory:
		if err := s.integers(1); err != nil {
			return err
		}
		return s.memories(1)
	}
	s.pos = at
	return fmt.Errorf("%w: unknown instruction 0x%02x", ErrMalformed, s.buf[at])
}

func (s *scanner) skip(n uint32) error {
	_, err := s.take(n)
	return err
}

// integers reads n integers of 32 bits.
func (s *scanner) integers(n int) error {
	for range n {
		pos := skipInteger(s.buf[:s.end], s.pos, maxLEB32)
		if pos < 0 {
			return errInteger(s.left(), maxLEB32)
		}
		s.pos = pos
	}
	return nil
}

func (s *scanner) int64s() error {
	pos := skipInteger(s.buf[:s.end], s.pos, maxLEB64)
	if pos < 0 {
		return errInteger(s.left(), maxLEB64)
	}
	s.pos = pos
	return nil
}

// blockType reads the type of a block: empty, of one result, or a type of the
// module, which may have parameters and several results.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#control-instructions
func (s *scanner) blockType() error {
	const empty = 0x40
	if s.left() < 1 {
		return ErrTruncated
	}
	switch b := s.buf[s.pos]; {
	case b == empty:
		s.pos++
		return nil
	case b&0xc0 == 0x40: // a negative number
		_, err := s.valueType()
		return err
	}
	at := s.pos
	i, err := s.s33()
	if err != nil {
		return err
	}
	if i < 0 || i >= int64(len(s.m.types)) {
		return fmt.Errorf("%w: type %d of %d", ErrMalformed, i, len(s.m.types))
	}
	if t := s.m.types[i]; len(t.Params) > 0 || len(t.Results) > 1 {
		s.note(FeatureMultiValue, at)
	}
	return nil
}

// catches reads the clauses of try_table: a kind, a tag with the kinds 0 and 1,
// and a label.
func (s *scanner) catches() error {
	n, err := s.count(2)
	for ; err == nil && n > 0; n-- {
		var kind byte
		if kind, err = s.byte(); err != nil {
			return err
		}
		switch kind {
		case 0, 1:
			err = s.integers(2)
		case 2, 3:
			err = s.integers(1)
		default:
			return fmt.Errorf("%w: catch clause of kind %d", ErrMalformed, kind)
		}
	}
	return err
}

// tableCall reads a type and a table. With reference types the table may be
// another than the first, and its index longer than a byte.
func (s *scanner) tableCall() error {
	if err := s.integers(1); err != nil {
		return err
	}
	at := s.pos
	if err := s.integers(1); err != nil {
		return err
	}
	if s.buf[at] != 0 {
		s.note(FeatureReferenceTypes, at)
	}
	return nil
}

func (s *scanner) castTypes() error {
	if err := s.skip(1); err != nil {
		return err
	}
	if err := s.integers(1); err != nil {
		return err
	}
	if _, err := s.heapType(); err != nil {
		return err
	}
	_, err := s.heapType()
	return err
}

// access reads the place of a load or store: an alignment, whose bit 6 announces
// a memory, and an offset of up to 64 bits.
//
// https://webassembly.github.io/spec/core/binary/instructions.html#memory-instructions
func (s *scanner) access() error {
	const hasMemory = 1 << 6
	alignment, err := s.u32()
	if err != nil {
		return err
	}
	if alignment&hasMemory != 0 {
		if err := s.memories(1); err != nil {
			return err
		}
	}
	return s.int64s()
}

// memories reads n indices of memories. An index other than 0 is a feature.
func (s *scanner) memories(n int) error {
	for range n {
		at := s.pos
		i, err := s.u32()
		if err != nil {
			return err
		}
		if i != 0 {
			s.note(FeatureMultiMemory, at)
		}
	}
	return nil
}
