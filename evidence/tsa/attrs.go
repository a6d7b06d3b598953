package tsa

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// signedAttrs are a signature's signed attributes.
type signedAttrs struct {
	list   []attribute
	signed []byte // what the signature is over: the set with its own tag
}

const maxAttrs = 32

func attributes(raw asn1.RawValue) (signedAttrs, error) {
	if len(raw.FullBytes) == 0 {
		return signedAttrs{}, errors.New("signature has no signed attributes")
	}
	a := signedAttrs{signed: bytes.Clone(raw.FullBytes)}
	a.signed[0] = 0x31 // SET OF in place of [0] (RFC 5652, 5.4)
	rest, err := asn1.UnmarshalWithParams(a.signed, &a.list, "set")
	if err != nil || len(rest) > 0 || len(a.list) > maxAttrs {
		return a, errors.New("malformed signed attributes")
	}
	return a, nil
}

// one reads the only value of the only attribute of a type.
func (a signedAttrs) one(oid asn1.ObjectIdentifier, into any) error {
	var found []asn1.RawValue
	for _, at := range a.list {
		if at.Type.Equal(oid) {
			found = append(found, at.Values)
		}
	}
	if len(found) != 1 || found[0].Tag != asn1.TagSet {
		return fmt.Errorf("%d attributes %s, want one", len(found), oid)
	}
	return unmarshal(found[0].Bytes, into, "attribute")
}

// ESSCertID (RFC 2634, 5.4.1) and ESSCertIDv2 (RFC 5035, 4).
type (
	certID struct {
		Hash   []byte
		Issuer asn1.RawValue `asn1:"optional"`
	}
	certIDv2 struct {
		Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
		Hash      []byte
		Issuer    asn1.RawValue `asn1:"optional"`
	}
)

// signer finds the certificate that the signed attributes bind the signature to.
func (a signedAttrs) signer(certs []*x509.Certificate) (*x509.Certificate, error) {
	var v2 struct {
		Certs    []certIDv2
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := a.one(oidSigningV2, &v2); err == nil && len(v2.Certs) > 0 {
		h := crypto.SHA256 // the default
		if oid := v2.Certs[0].Algorithm.Algorithm; len(oid) > 0 {
			if h, err = hashOf(oid); err != nil {
				return nil, err
			}
		}
		return match(certs, h, v2.Certs[0].Hash)
	}
	var v1 struct {
		Certs    []certID
		Policies asn1.RawValue `asn1:"optional"`
	}
	if err := a.one(oidSigningCert, &v1); err == nil && len(v1.Certs) > 0 {
		return match(certs, crypto.SHA1, v1.Certs[0].Hash)
	}
	return nil, errors.New("signature is bound to no certificate")
}

func match(certs []*x509.Certificate, h crypto.Hash, digest []byte) (*x509.Certificate, error) {
	for _, c := range certs {
		if bytes.Equal(sum(h, c.Raw), digest) {
			return c, nil
		}
	}
	return nil, errors.New("the signer's certificate is not in the token")
}
