package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// Objects is where a bundle is read from. Names are as in the specification,
// "seal/000000.json".
type Objects interface {
	// List returns the size of every object, by name.
	List(ctx context.Context) (map[string]int64, error)
	// Open opens one object; a missing one wraps fs.ErrNotExist.
	Open(ctx context.Context, name string) (Object, error)
	Close() error
	String() string
}

// Object is one object's bytes.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Container is implemented by Objects that lie in one file, as those of
// ZipObjects do: it has bytes that belong to no object.
type Container interface {
	// CheckContainer makes sure that nothing hides between the objects. ended
	// tells that the bundle has its end leaf, and so ought to be whole.
	CheckContainer(ended bool) error
	// Whole reports whether the container was completed.
	Whole() bool
	// Torn names the object that was being written when its writer died: Open
	// gives what there is of it. It is "" where there is none.
	Torn() string
}

// maxObjects bounds what a reader lists: 32 TiB in segments of 32 MiB.
const maxObjects = 3 << 20

// DirObjects reads a bundle that is a folder.
func DirObjects(dir string) (Objects, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return dirObjects{root}, nil
}

type dirObjects struct{ root *os.Root }

func (d dirObjects) List(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	return out, d.list(ctx, ".", 0, out)
}

func (d dirObjects) list(ctx context.Context, dir string, depth int, out map[string]int64) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(1000)
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if len(out) > maxObjects {
				return fmt.Errorf("%s holds more than %d files", d.root.Name(), maxObjects)
			}
			switch info, ierr := e.Info(); {
			case ierr != nil:
				return ierr
			case info.IsDir() && depth < 8:
				if err := d.list(ctx, name, depth+1, out); err != nil {
					return err
				}
			case info.Mode().IsRegular():
				out[name] = info.Size()
			default:
				out[name] = -1 // neither file nor folder: not part of any bundle
			}
		}
		if err == io.EOF {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

var errNotRegular = errors.New("is not a regular file")

func (d dirObjects) Open(_ context.Context, name string) (Object, error) {
	st, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s: %w", ErrVerify, name, errNotRegular)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	return fileObject{f, st.Size()}, nil
}
func (d dirObjects) Close() error   { return d.root.Close() }
func (d dirObjects) String() string { return d.root.Name() }

type fileObject struct {
	*os.File
	size int64
}

func (f fileObject) Size() int64 { return f.size }
