package custody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds the nesting of an entry's JSON.
const maxDepth = 8

// canonical returns the one form that a JSON object has in the log (SPEC.md,
// "Canonical JSON"): no white space, strings as RFC 8785 writes them, integers
// in plain decimal, members in the order given and none of them twice.
func canonical(text []byte) ([]byte, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out bytes.Buffer
	t, err := d.Token()
	if err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	if err := object(d, &out, 1); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("bytes after the JSON object")
	}
	return out.Bytes(), nil
}

func object(d *json.Decoder, out *bytes.Buffer, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON nested deeper than %d", maxDepth)
	}
	seen := map[string]bool{}
	out.WriteByte('{')
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return errors.New("bad JSON object")
		}
		// Go's decoder takes "Case" and "ca\u017fe" for "case"; both must not stand there.
		folded := strings.ToLower(strings.ToUpper(name))
		if seen[folded] {
			return fmt.Errorf("member %.40q twice", name)
		}
		if len(seen) > 0 {
			out.WriteByte(',')
		}
		seen[folded] = true
		str(out, name)
		out.WriteByte(':')
		if err := value(d, out, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	out.WriteByte('}')
	return err
}

func array(d *json.Decoder, out *bytes.Buffer, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON nested deeper than %d", maxDepth)
	}
	out.WriteByte('[')
	for n := 0; d.More(); n++ {
		if n > 0 {
			out.WriteByte(',')
		}
		if err := value(d, out, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	out.WriteByte(']')
	return err
}

func value(d *json.Decoder, out *bytes.Buffer, depth int) error {
	t, err := d.Token()
	if err != nil {
		return errors.New("bad JSON value")
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return object(d, out, depth+1)
		}
		return array(d, out, depth+1)
	case string:
		str(out, t)
	case bool:
		out.WriteString(strconv.FormatBool(t))
	case nil:
		out.WriteString("null")
	case json.Number:
		n, err := strconv.ParseInt(t.String(), 10, 64)
		if err != nil || n > 1<<53-1 || n < -(1<<53-1) {
			return fmt.Errorf("number %.40q is no integer that JSON keeps", t)
		}
		out.WriteString(strconv.FormatInt(n, 10))
	}
	return nil
}

// str writes a string as RFC 8785, 3.2.2.2, does: only what must be escaped is.
func str(out *bytes.Buffer, s string) {
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r >= 0x20:
			out.WriteRune(r)
		case strings.ContainsRune("\b\t\n\f\r", r):
			out.WriteByte('\\')
			out.WriteByte("btn.fr"[r-'\b'])
		default:
			fmt.Fprintf(out, `\u%04x`, r)
		}
	}
	out.WriteByte('"')
}
