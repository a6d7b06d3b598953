// Package wire is the protocol between a sweep and its worker processes: frames
// over two pipes, each at most MaxFrame bytes. Neither side trusts the other:
// the worker reads hostile evidence and may be taken over by it.
//
// A frame is a length (uint32, little endian, of what follows), one byte of
// type, and the payload. Integers in payloads are unsigned varints, byte
// strings are a varint length and the bytes.
//
//	parent → worker   Init   JSON: options, and the parts of the configuration
//	                  Part   bytes of a part that is not in shared memory
//	                  Item   one item: record, block table, blocks of small items
//	                  Block  stored bytes of a block that was asked for, or why not
//	worker → parent   Ready  JSON: what protects this worker
//	                  Need   item, number of the block it needs
//	                  Events some of an item's events: each its fields, the facts as JSON
//	                  Result findings (JSON) and faults of an item
//	                  Fatal  text: the worker can't work at all
package wire
