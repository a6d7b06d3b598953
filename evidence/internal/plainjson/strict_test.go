package plainjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// sample has every kind of member that a bundle's objects have.
type sample struct {
	Format string            `json:"format"`
	Count  uint64            `json:"count,omitempty"`
	Size   int64             `json:"size,string"`
	Map    map[string]string `json:"map"`
	inner
	More *inner    `json:"more,omitempty"`
	List []inner   `json:"list"`
	When time.Time `json:"when,omitzero"`
	Data []byte    `json:"data"`
}

type inner struct {
	Deep   string `json:"deep"`
	Length int64  `json:"length,string"`
	Kind   string
}

var sampleShape = ShapeOf[sample]()

// reference says what Unmarshal must refuse, in another way: over the tokens of
// encoding/json.
func reference(b []byte) error {
	var s sample
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, b); err != nil || !bytes.Equal(tight.Bytes(), b) || !utf8.Valid(b) {
		return errors.New("not compact, or not UTF-8")
	}
	// Half a pair decodes to U+FFFD, as nothing else does any more here.
	escape := regexp.MustCompile(`\\(u[0-9a-fA-F]{4}|.)`)
	halves := escape.ReplaceAllFunc(bytes.ReplaceAll(b, []byte("\ufffd"), []byte("x")), func(e []byte) []byte {
		if strings.EqualFold(string(e), `\ufffd`) {
			return []byte("x")
		}
		return e
	})
	var any any
	if err := json.Unmarshal(halves, &any); err != nil {
		return err
	}
	if strings.Contains(fmt.Sprintf("%q", any), "\ufffd") || strings.Contains(fmt.Sprintf("%q", any), `\ufffd`) {
		return errors.New("half a pair")
	}
	return tokens(json.NewDecoder(bytes.NewReader(b)), reflect.TypeFor[sample](), 1)
}

func tokens(d *json.Decoder, t reflect.Type, depth int) error {
	d.UseNumber()
	tok, err := d.Token()
	if err != nil || depth > 100 {
		return fmt.Errorf("too deep, or %v", err)
	}
	switch tok {
	case json.Delim('['):
		for d.More() {
			if err := tokens(d, element(t), depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			tok, err := d.Token()
			if err != nil {
				return err
			}
			name := tok.(string)
			of, err := member(t, name)
			if err != nil || seen[name] {
				return fmt.Errorf("%s: twice, or %w", name, err)
			}
			seen[name] = true
			if of == reflect.TypeFor[int64]() {
				var raw json.RawMessage
				if err := d.Decode(&raw); err != nil || string(raw) != "null" && !integer.Match(raw) {
					return fmt.Errorf("%s is not plain decimal (%w)", raw, err)
				}
			} else if err := tokens(d, of, depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
	}
	return err
}

func element(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

func member(t reflect.Type, name string) (reflect.Type, error) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return element(t), nil
	}
	known := map[reflect.Type]map[string]any{
		reflect.TypeFor[sample](): {"format": "", "count": uint64(0), "size": int64(0), "map": map[string]string{}, "more": &inner{}, "list": []inner{},
			"when": "", "data": "", "deep": "", "length": int64(0), "Kind": ""},
		reflect.TypeFor[inner](): {"deep": "", "length": int64(0), "Kind": ""},
	}[t]
	for k, v := range known {
		if k == name {
			return reflect.TypeOf(v), nil
		}
		if strings.EqualFold(k, name) {
			return nil, fmt.Errorf("%s in another case", k)
		}
	}
	return nil, nil
}

// integer is the plain form of one in a string.
var integer = regexp.MustCompile(`^"(0|-?[1-9][0-9]*)"$`)

// same holds Unmarshal against the reference.
func same(t *testing.T, b []byte) {
	t.Helper()
	want := reference(b)
	var got, plain sample
	err := Unmarshal(b, sampleShape, &got)
	if (err == nil) != (want == nil) {
		t.Fatalf("%.300q: %v; the reference says %v", b, err, want)
	}
	if err != nil {
		return
	}
	if err := json.Unmarshal(b, &plain); err != nil || !reflect.DeepEqual(plain, got) {
		t.Fatalf("%.300q: %+v, encoding/json says %+v (%v)", b, got, plain, err)
	}
}

const good = `{"format":"x/1","count":7,"size":"12","map":{"a":"b","A":"c"},"deep":"d\u00e9","length":"0","more":{"deep":"\ud83d\ude00","length":"-5"},"list":[{"deep":"","length":"1","Kind":"k"},{}],"when":"2026-01-17T09:30:00Z","data":null,"later":{"x":[1,2.5e3,true,{"y":null}]}}`

func TestUnmarshal(t *testing.T) {
	var s sample
	if err := Unmarshal([]byte(good), sampleShape, &s); err != nil || s.Size != 12 || s.More.Length != -5 || len(s.Map) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	deep := func(n int) string { return `{"later":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}` }
	many := func(n int, more string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"later%d":0,`, i)
		}
		return "{" + b.String() + more + "}"
	}
	for text, says := range map[string]string{
		good: "", `{}`: "", `{"map":{"size":"x","SIZE":"y"}}`: "", deep(99): "", many(1000, `"size":"1"`): "", `{"later":{"Size":1,"size":2}}`: "",
		`{"size":"1","size":"2"}`: `"size" stands there twice`, `{"size":"1","s\u0069ze":"2"}`: "twice", `{"size":"1","Size":"2"}`: "another case",
		`{"SIZE":"1"}`: "another case", `{"\u017fize":"1"}`: "another case", `{"more":{"deep":"a","deep":"b"}}`: "twice", `{"more":{"Deep":"a"}}`: "another case",
		`{"list":[{"deep":"a"},{"deep":"a","deep":"a"}]}`: "twice", `{"map":{"a":"b","a":"b"}}`: "twice", `{"later":1,"later":1}`: "twice",
		`{"later":[{"x":1,"x":1}]}`: "twice", many(1000, `"later77":0`): "twice", many(64, `"later0":0`): "twice", many(63, `"later0":0`): "twice",
		deep(100): "deeper", `{"deep":"\ud800"}`: "half", `{"deep":"\udc00\ud800"}`: "half", `{"deep":"\ud800x"}`: "half", `{"deep":"\ud800\n"}`: "half",
		`{"deep":"\ud800\ud800"}`: "half", `{"later":"\uDBFF"}`: "half", `{"\udfff":""}`: "half", "{\"deep\":\"\xff\"}": "UTF-8", "{\"deep\":\"\xed\xa0\x80\"}": "UTF-8",
		`{"size":"null"}`: "plain decimal", `{"size":"\u0031"}`: "plain decimal", `{"size":"-0"}`: "plain decimal", `{"size":"1e3"}`: "cannot", `{"size":"01"}`: "plain decimal",
		`{"size":"+1"}`: "invalid", `{"size":" 1"}`: "invalid", `{"size":""}`: "invalid", `{"size":1}`: "invalid", `{"size":"9223372036854775808"}`: "",
		`{"count":18446744073709551616}`: "cannot", `{"count":1.0}`: "cannot", `{"count":-1}`: "cannot", `{"count":"1"}`: "cannot",
		` {}`: "white space", `{} `: "white space", "{}\n": "white space", `{ }`: "white space", `{"size" :"1"}`: "white space", `{"size": "1"}`: "white space",
		`{"size":"1" }`: "white space", `{"size":"1", "deep":""}`: "white space", `{"list":[ ]}`: "white space", `{"list":[{} ]}`: "white space", `{"later":[1 ,2]}`: "white space",
		`{"later":1 }`: "white space", `{}{}`: "after top-level", `{},`: "after top-level", `[]`: "cannot", `"x"`: "cannot", ``: "unexpected end", `{"size":"1",}`: "invalid",
	} {
		same(t, []byte(text))
		err := Unmarshal([]byte(text), sampleShape, &sample{})
		if text == `{"size":"9223372036854775808"}` {
			says = "9223372036854775808" // out of range, in whatever words
		}
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%.200s: %v, want %q", text, err, says)
		}
	}
}

// Every byte of a sound object, changed in ways that matter to a parser.
func TestEveryByte(t *testing.T) {
	for i := range len(good) {
		for _, c := range []byte("\"\\{}[],:019-+e. \n\x00\x7f\xff\xc3aAsSuD") {
			bad := []byte(good)
			bad[i] = c
			same(t, bad)
			same(t, []byte(good[:i]+string(c)+good[i:]))
		}
		same(t, []byte(good[:i]))
		same(t, []byte(good[:i]+good[i+1:]))
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(good))
	for _, s := range []string{`{"size":"1","s\u0069ze":"2"}`, `{"deep":"\ud83d\ude00\ud83d"}`, `{"more":{"list":[]},"list":[{"more":{}}]}`, `{"Kind":"","kind":""}`, `null`, `{"x":{"":{"":0,"":1}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(same)
}
