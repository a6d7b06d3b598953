package vectors

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/hozen-dfir/hozen/evidence/keys"
	"github.com/hozen-dfir/hozen/evidence/seal"
	"github.com/hozen-dfir/hozen/evidence/sink"
)

// authority is a time-stamping authority with a certificate of its own.
type authority struct {
	maker
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (m maker) authority() authority {
	m.random("authority")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	m.must(err)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // time stamps (RFC 3161, 2.3)
	m.must(err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority, not to be trusted"},
		NotBefore: epoch.AddDate(-1, 0, 0), NotAfter: epoch.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	m.must(err)
	cert, err := x509.ParseCertificate(der)
	m.must(err)
	return authority{m, cert, key}
}

// token stamps a message at a time of the vectors.
func (a authority) token(message []byte) (token []byte) {
	sum := sha256.Sum256(message)
	var answer []byte
	synctest.Test(a.T, func(t *testing.T) { // the library signs the time of its clock
		time.Sleep(time.Until(epoch.Add(time.Minute)))
		ts := &timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: true}
		var err error
		if answer, err = ts.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256); err != nil {
			t.Fatal(err)
		}
	})
	var response struct {
		Status asn1.RawValue
		Token  asn1.RawValue
	}
	_, err := asn1.Unmarshal(answer, &response)
	a.must(err)
	return response.Token.FullBytes
}

// kept is an output that remembers what was put.
type kept struct {
	sink.Output
	objects map[string][]byte
}

func (k kept) Put(ctx context.Context, name string, body []byte) error {
	k.objects[name] = bytes.Clone(body)
	return k.Output.Put(ctx, name, body)
}

// stampedBundle is a bundle whose time stamp is what stamp makes of its
// objects and its last checkpoint.
func (m maker) stampedBundle(name string, stamp func(put map[string][]byte, last []byte) []byte) {
	k := kept{objects: map[string][]byte{}}
	w := m.beginOn(name, func(o *sink.Options) {
		o.TimeStamp = func(_ context.Context, last []byte) ([]byte, error) { return stamp(k.objects, last), nil }
	}, func(o sink.Output) sink.Output { k.Output = o; return k })
	w.add("/first", "under the first checkpoint\n")
	w.flush()
	w.add("/second", "under the second\n")
	w.close(seal.Complete, "")
}

// stamped has a time stamp by an authority of its own, whose certificate lies
// beside it.
func (m maker) stamped() {
	a := m.authority()
	m.stampedBundle("stamped", func(_ map[string][]byte, last []byte) []byte { return a.token(last) })
	m.write("good/stamped.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// stamps lie about time. Those that the collector itself has signed first.
func (m maker) stamps() {
	a := m.authority()
	other := maker{m.T, m.TempDir()}
	for name, stamp := range map[string]func(map[string][]byte, []byte) []byte{
		"tsr-other-bundle": func(_ map[string][]byte, last []byte) []byte {
			return a.token(bytes.Replace(last, []byte("hozen/bundle/2026"), []byte("hozen/bundle/2025"), 1))
		},
		"tsr-older":   func(put map[string][]byte, _ []byte) []byte { return a.token(put["seal/000002.checkpoint"]) },
		"tsr-flipped": func(_ map[string][]byte, last []byte) []byte { b := a.token(last); b[len(b)-9] ^= 1; return b },
		"tsr-cut":     func(_ map[string][]byte, last []byte) []byte { b := a.token(last); return b[:len(b)-9] },
		"tsr-more":    func(_ map[string][]byte, last []byte) []byte { return append(a.token(last), 0) },
		"tsr-empty":   func(map[string][]byte, []byte) []byte { return nil },
		"tsr-text":    func(map[string][]byte, []byte) []byte { return []byte(nasty) },
	} {
		other.stampedBundle(name, stamp)
		m.write("hostile/"+name+".zip", m.pack(other.objects(name)))
	}
	other.stampedBundle("another", func(_ map[string][]byte, last []byte) []byte { return a.token(last) })
	m.swappedStamps(other.objects("another"))
}

// swappedStamps are those that somebody put there after the collector was gone.
func (m maker) swappedStamps(another objects) {
	const token, signed = "seal/000003.tsr", "seal/000003.tsr.note"
	for name, change := range map[string]func(all objects) objects{
		"tsr-swapped":      func(all objects) objects { all[all.find(token)].body = another[another.find(token)].body; return all },
		"tsr-note-swapped": func(all objects) objects { all[all.find(signed)].body = another[another.find(signed)].body; return all },
		"tsr-both-swapped": func(all objects) objects {
			all[all.find(token)].body, all[all.find(signed)].body = another[another.find(token)].body, another[another.find(signed)].body
			return all
		},
		"tsr-bit": func(all objects) objects {
			b := bytes.Clone(all[all.find(token)].body)
			b[len(b)/2] ^= 1
			all[all.find(token)].body = b
			return all
		},
		"tsr-no-note":  func(all objects) objects { i := all.find(signed); return append(all[:i:i], all[i+1:]...) },
		"tsr-no-token": func(all objects) objects { i := all.find(token); return append(all[:i:i], all[i+1:]...) },
		"tsr-moved": func(all objects) objects {
			all[all.find(token)].name, all[all.find(signed)].name = strings.Replace(token, "3", "2", 1), strings.Replace(signed, "3", "2", 1)
			return all
		},
	} {
		m.write("hostile/"+name+".zip", m.pack(change(m.objects("stamped"))))
	}
}

// testSigner is the key that countersigns the vectors.
func (m maker) testSigner() *keys.Signer {
	s, err := keys.LoadSigner(filepath.Join(m.dir, "keys/examiner"), nil)
	m.must(err)
	return s
}
