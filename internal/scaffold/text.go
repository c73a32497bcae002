package scaffold

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template/parse"
)

const (
	leftDelimiter, rightDelimiter = "<%", "%>"
	// maxTemplateSize is the longest text of a template, in bytes.
	maxTemplateSize = 256 << 10
	// stepFunction is the one that counts. No template can call it: it is not
	// among functions.
	stepFunction = "step"
	// pieceCost is what the use of a piece costs at least: it also bounds how
	// deep pieces can use each other, and with it the stack.
	pieceCost = 50
	// turnCost is what a turn of a loop costs besides what is in it.
	turnCost = 10
)

// functions are the names that a template may use. What they are here does not
// matter: the parser only looks whether they are there.
func functions() map[string]any {
	f := map[string]any{}
	for _, name := range []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "print", "quote"} {
		f[name] = fmt.Sprint
	}
	return f
}

// text is a parsed template. Every loop and every piece in it begins with a call
// of stepFunction.
type text struct {
	name string
	root *parse.Tree
	// pieces are those that it defines.
	pieces map[string]*parse.Tree
	// plain is the whole text when it has no actions.
	plain   string
	isPlain bool
}

// parseText parses a text, called name in messages.
func parseText(name, source string) (*text, error) {
	if len(source) > maxTemplateSize {
		return nil, fmt.Errorf("%s: the template is larger than %d KiB", name, maxTemplateSize>>10)
	}
	trees, err := parse.Parse(name, source, leftDelimiter, rightDelimiter, functions())
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	t := &text{name: name, root: trees[name], pieces: trees}
	delete(t.pieces, name)
	t.isPlain = !strings.Contains(source, leftDelimiter)
	t.plain = source
	for _, tree := range trees {
		if err := count(tree.Root, pieceCost); err != nil {
			return nil, err
		}
	}
	return t, count(t.root.Root, pieceCost)
}

// count puts a call of stepFunction at the start of a list and of the bodies of
// the loops in it. extra is added to what the list costs.
func count(list *parse.ListNode, extra int) error {
	cost, err := countIn(list)
	if err != nil {
		return err
	}
	call := fmt.Sprintf("%s%s %d%s", leftDelimiter, stepFunction, cost+extra, rightDelimiter)
	funcs := map[string]any{stepFunction: fmt.Sprint}
	trees, err := parse.Parse(stepFunction, call, leftDelimiter, rightDelimiter, funcs)
	if err != nil {
		return err
	}
	list.Nodes = slices.Insert(list.Nodes, 0, trees[stepFunction].Root.Nodes[0])
	return nil
}

// countIn returns what a list costs: its nodes and those in them, less the
// bodies of loops, which count by themselves.
func countIn(list *parse.ListNode) (cost int, err error) {
	if list == nil {
		return 0, nil
	}
	for _, node := range list.Nodes {
		var inner int
		switch n := node.(type) {
		case *parse.ActionNode:
			inner = pipeCost(n.Pipe)
		case *parse.TemplateNode:
			inner = pipeCost(n.Pipe)
		case *parse.IfNode:
			inner, err = branchCost(&n.BranchNode)
		case *parse.WithNode:
			inner, err = branchCost(&n.BranchNode)
		case *parse.RangeNode:
			if err = count(n.List, turnCost); err == nil {
				inner, err = countIn(n.ElseList)
			}
			inner += pipeCost(n.Pipe)
		}
		if err != nil {
			return 0, err
		}
		cost += 1 + inner
	}
	return cost, nil
}

func branchCost(b *parse.BranchNode) (int, error) {
	cost, err := countIn(b.List)
	if err != nil {
		return 0, err
	}
	other, err := countIn(b.ElseList)
	return cost + other + pipeCost(b.Pipe), err
}

func pipeCost(pipe *parse.PipeNode) int {
	if pipe == nil {
		return 0
	}
	cost := 0
	for _, c := range pipe.Cmds {
		cost += len(c.Args)
		for _, arg := range c.Args {
			if inner, ok := arg.(*parse.PipeNode); ok {
				cost += pipeCost(inner)
			}
		}
	}
	return cost
}
