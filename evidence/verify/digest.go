package verify

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/hozen-dfir/hozen/evidence"
	"github.com/hozen-dfir/hozen/evidence/bundle"
)

// digester decodes frames and hashes what they hold.
type digester struct {
	dec               *bundle.Decoder
	buf               []byte
	sha256, sha1, md5 hash.Hash
	size              int64
	keep              bool      // gather the content, which is no more than a part
	content           []byte    // as far as keep was set
	whole             *digester // where set, hashes what is decoded as well

	lost    []evidence.Range // of the whole item: they must be zeros
	from    int64            // where in the whole item the content begins
	notLost error            // a range that is not
}

func newDigester() (*digester, error) {
	dec, err := bundle.NewDecoder()
	return &digester{dec: dec, sha256: sha256.New()}, err
}

// handOver returns a digester that goes on where d is and only hashes; d begins
// anew.
func (d *digester) handOver() *digester {
	next := &digester{sha256: d.sha256, sha1: d.sha1, md5: d.md5, size: d.size}
	d.sha256 = sha256.New()
	return next
}

// reset begins an item.
func (d *digester) reset(withSHA1, withMD5 bool) {
	d.size, d.sha1, d.md5 = 0, nil, nil
	d.lost, d.from, d.notLost = nil, 0, nil
	d.sha256.Reset()
	if withSHA1 {
		d.sha1 = sha1.New()
	}
	if withMD5 {
		d.md5 = md5.New()
	}
}

func (d *digester) frame(stored []byte, content int) (err error) {
	if d.buf, err = d.dec.Frame(stored, content, d.buf); err == nil {
		d.checkLost(d.buf)
		d.write(d.buf)
		if d.keep {
			d.content = append(d.content, d.buf...)
		}
		if d.whole != nil {
			d.whole.write(d.buf)
		}
	}
	return err
}

// checkLost looks at the lost ranges in the bytes that come next.
func (d *digester) checkLost(b []byte) {
	at := d.from + d.size
	for _, l := range d.lost {
		from, to := max(l.Offset, at), min(l.Offset+l.Length, at+int64(len(b)))
		if from < to && len(bytes.TrimLeft(b[from-at:to-at], "\x00")) > 0 && d.notLost == nil {
			d.notLost = fmt.Errorf("%d bytes at %d are said to be lost, and are not zeros", l.Length, l.Offset)
		}
	}
}

func (d *digester) write(b []byte) {
	d.size += int64(len(b))
	for _, h := range []hash.Hash{d.sha256, d.sha1, d.md5} {
		if h != nil {
			h.Write(b)
		}
	}
}

// nothing checks the digests of a record without content, which may have none.
func (d *digester) nothing(r brief) error {
	d.reset(r.SHA1 != "", r.MD5 != "")
	if r.SHA256 == "" {
		r.SHA256 = hex.EncodeToString(d.sha256.Sum(nil))
	}
	return d.compare(0, r.SHA256, r.SHA1, r.MD5)
}

func (d *digester) compare(size int64, sha256, sha1, md5 string) error {
	if d.size != size {
		return fmt.Errorf("holds %d bytes; the record says %d", d.size, size)
	}
	for _, c := range []struct {
		name string
		h    hash.Hash
		want string
	}{{"SHA-256", d.sha256, sha256}, {"SHA-1", d.sha1, sha1}, {"MD5", d.md5, md5}} {
		switch {
		case c.h == nil && c.want != "": // only of a whole item
			return fmt.Errorf("%s of the whole is stated, and not of its first part", c.name)
		case c.h == nil:
			continue
		}
		if got := hex.EncodeToString(c.h.Sum(nil)); got != c.want {
			return fmt.Errorf("%s of its content is %s; the record says %q", c.name, got, c.want)
		}
	}
	return nil
}
