package plainjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of an object (SPEC.md, "JSON").
const maxDepth = 100

// Unmarshal is json.Unmarshal for the JSON of the bundle (SPEC.md, "JSON"). It
// refuses what another reader may read as something else: a member twice, a
// known one with letters of another case (which json.Unmarshal would take),
// bytes that are not UTF-8, halves of surrogate pairs, integers in strings that
// are not plain decimal, texts of another form than the shape wants, white space
// between tokens. shape is that of v's type.
func Unmarshal(b []byte, shape *Shape, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	return shape.Check(b)
}

// Shape is what is known of the values of one type: the names of members.
type Shape struct {
	members map[string]*Shape // of a struct
	folded  map[string]string // their names, folded, to the names themselves
	elem    *Shape            // of the elements of a list or a map
	decimal bool              // an integer in a string
	form    *Form             // of a text; nil: any
}

// Form is the one form in which texts of a type may stand between their quotes,
// where the type itself reads others too.
type Form struct {
	Of    reflect.Type
	Has   func(raw string) bool
	Wants string // the form, for people
}

// ShapeOf describes T, which must not contain itself, with texts in these forms.
func ShapeOf[T any](forms ...Form) *Shape { return shapeOf(reflect.TypeFor[T](), forms) }

func shapeOf(t reflect.Type, forms []Form) *Shape {
	s := &Shape{}
	for i := range forms {
		if forms[i].Of == t {
			s.form = &forms[i]
		}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return s // it reads itself
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem(), forms)
	case reflect.Slice, reflect.Array, reflect.Map:
		s.elem = shapeOf(t.Elem(), forms)
	case reflect.Struct:
		s.members, s.folded = map[string]*Shape{}, map[string]string{}
		for _, f := range reflect.VisibleFields(t) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" || name == "" && f.Anonymous {
				continue
			}
			if name == "" {
				name = f.Name
			}
			s.members[name], s.folded[fold(name)] = shapeOf(f.Type, forms), name
			s.members[name].decimal = strings.Contains(options, "string")
		}
	}
	return s
}

// fold makes equal what encoding/json takes for equal: "Size" and "\u017fize"
// for "size".
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// Check reports what a reader must refuse in b, which json.Unmarshal has taken.
func (s *Shape) Check(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("is not UTF-8")
	}
	w := walker{b: b}
	if err := w.value(s, 1); err != nil {
		return err
	}
	if w.i != len(b) {
		return errSpace // for nothing else can stand after a value
	}
	return nil
}

var errSpace = errors.New("has white space between its tokens")

// walker goes through sound JSON.
type walker struct {
	b []byte
	i int
}

// none is the shape of what is not known.
var none = &Shape{}

func (w *walker) value(s *Shape, depth int) error {
	if s == nil {
		s = none
	}
	if depth > maxDepth {
		return fmt.Errorf("is nested deeper than %d", maxDepth)
	}
	switch c := w.b[w.i]; c {
	case '{':
		return w.object(s, depth)
	case '[':
		return w.list(s, depth)
	case '"':
		text, err := w.str()
		if err == nil && s.decimal && !decimal(text) {
			err = fmt.Errorf("integer %.40q is not plain decimal", text)
		}
		if err == nil && s.form != nil && !s.form.Has(text) {
			err = fmt.Errorf("%.60q is not %s", text, s.form.Wants)
		}
		return err
	case ' ', '\t', '\r', '\n':
		return errSpace
	}
	for w.i < len(w.b) && strings.IndexByte(",]} \t\r\n", w.b[w.i]) < 0 {
		w.i++
	}
	return nil
}

// object goes through an object, whose members each stand there once.
func (w *walker) object(s *Shape, depth int) error {
	var seen names
	for w.i++; w.b[w.i] != '}'; {
		if w.b[w.i] != '"' {
			return errSpace
		}
		raw, err := w.str()
		if err != nil {
			return err
		}
		name, err := unescape(raw)
		if err != nil {
			return err
		}
		if !seen.add(name) {
			return fmt.Errorf("member %.40q stands there twice", name)
		}
		of := s.elem
		if s.members != nil {
			if of = s.members[name]; of == nil && s.folded[fold(name)] != "" {
				return fmt.Errorf("member %.40q is written in another case than %q", name, s.folded[fold(name)])
			}
		}
		if err := w.colon(); err != nil {
			return err
		}
		if err := w.value(of, depth+1); err != nil {
			return err
		}
		if err := w.comma('}'); err != nil {
			return err
		}
	}
	w.i++
	return nil
}

func (w *walker) list(s *Shape, depth int) error {
	for w.i++; w.b[w.i] != ']'; {
		if err := w.value(s.elem, depth+1); err != nil {
			return err
		}
		if err := w.comma(']'); err != nil {
			return err
		}
	}
	w.i++
	return nil
}

func (w *walker) colon() error {
	if w.b[w.i] != ':' {
		return errSpace
	}
	w.i++
	return nil
}

// comma passes a comma; the end of the list may stand in its place.
func (w *walker) comma(end byte) error {
	switch w.b[w.i] {
	case ',':
		w.i++ // another value follows, or b would not be sound
	case end:
	default:
		return errSpace
	}
	return nil
}
