package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/wasmctl/wasmctl/internal/registry"
	"github.com/wasmctl/wasmctl/internal/ui"
)

// completeStored offers the references of the local store in shell completion.
func (a *app) completeStored(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	store, err := a.store()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	images, err := store.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	refs := make([]string, len(images))
	for i, image := range images {
		refs[i] = image.Ref
	}
	return refs, cobra.ShellCompDirectiveNoFileComp
}

// completeSource offers the same, and files and folders too.
func (a *app) completeSource(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	refs, directive := a.completeStored(cmd, args, word)
	return refs, directive &^ cobra.ShellCompDirectiveNoFileComp
}

func newTag(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "tag SOURCE TARGET",
		Short:   "Give an image of the local store a further name",
		Example: "  wasmctl tag my-filter:v1 ghcr.io/me/my-filter:v1",
		Args:    argCount(2, 2, "SOURCE and TARGET"),

		ValidArgsFunction: a.completeStored,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runTag(cmd.Context(), a, args[0], args[1])
		},
	}
	addOutput(cmd, a)
	return cmd
}

func runTag(ctx context.Context, a *app, source, target string) error {
	src, err := parseReference(source)
	if err != nil {
		return err
	}
	dst, err := parseReference(target)
	if err != nil {
		return err
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	image, err := store.Tag(ctx, src, dst)
	if err != nil {
		return err
	}
	return a.print(newImageResult(image))
}

func newList(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the images of the local store",
		Example: "  wasmctl list\n  wasmctl list -o json",
		Args:    argCount(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := a.store()
			if err != nil {
				return err
			}
			images, err := store.List(cmd.Context())
			if err != nil {
				return err
			}
			return a.print(imageList{images})
		},
	}
	addOutput(cmd, a)
	return cmd
}

func newRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm REF...",
		Short: "Remove images from the local store",
		Long: `Remove references from the local store, and the blobs that no other image needs.
With a digest all references to that image go.`,
		Example: "  wasmctl rm my-filter:v1",
		Args:    argCount(1, -1, "REF"),

		ValidArgsFunction: a.completeStored,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRemove(cmd.Context(), a, args)
		},
	}
	addOutput(cmd, a)
	return cmd
}

func runRemove(ctx context.Context, a *app, args []string) error {
	refs := make([]registry.Reference, len(args))
	for i, arg := range args {
		var err error
		if refs[i], err = parseReference(arg); err != nil {
			return err
		}
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	var all removed
	for _, ref := range refs {
		images, err := store.Remove(ctx, ref)
		if err != nil {
			return err
		}
		all.Removed = append(all.Removed, images...)
	}
	return a.print(all)
}

// imageResult is one image of the store or of a registry.
type imageResult struct {
	registry.Image
	// Pinned is the reference by digest.
	Pinned string `json:"pinned"`
	// File is where the module was written, if it was.
	File string `json:"file,omitempty"`
}

func newImageResult(image registry.Image) imageResult {
	r := imageResult{Image: image, Pinned: image.Ref}
	if ref, err := registry.ParseReference(image.Ref); err == nil {
		ref.Tag, ref.Digest = "", image.Digest
		r.Pinned = ref.String()
	}
	return r
}

// Text prints the reference by digest, which is what a deployment should name.
func (r imageResult) Text(w io.Writer) error {
	_, err := fmt.Fprintln(w, r.Pinned)
	return err
}

type imageList struct {
	Images []registry.Image `json:"images"`
}

func (l imageList) Text(w io.Writer) error {
	t := newTable(w, "REFERENCE", "DIGEST", "SIZE", "ABI", "CREATED")
	for _, i := range l.Images {
		t.row(i.Ref, shortDigest(i.Digest), ui.Bytes(i.Size), i.ABI, i.Created.Local().Format("2006-01-02 15:04"))
	}
	return t.flush()
}

// shortDigest is enough of a digest for a person to tell images apart.
func shortDigest(d registry.Digest) string {
	const enough = len("sha256:") + 12
	if len(d) > enough {
		return string(d[:enough])
	}
	return string(d)
}

type removed struct {
	Removed []registry.Image `json:"removed"`
}

func (r removed) Text(w io.Writer) error {
	for _, i := range r.Removed {
		if _, err := fmt.Fprintln(w, i.Ref); err != nil {
			return err
		}
	}
	return nil
}
