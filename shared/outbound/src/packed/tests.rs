//! What is compressed is found, or at least known to be there.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};

use crate::Confidential;

const SAID: &[u8] = b"you sent Bearer sk_live_4eC39HqLyjWDarjtT1 to me";

fn is_withheld(packed: &[u8]) -> bool {
    let guarded = Confidential::new(&["Bearer sk_live_4eC39HqLyjWDarjtT1"], &[]).unwrap();
    guarded.is_in(format!("{{\"echo\": \"{}\"}}", STANDARD.encode(packed)).as_bytes())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    gzip_with(GzBuilder::new(), text)
}

fn gzip_with(head: GzBuilder, text: &[u8]) -> Vec<u8> {
    let mut packed = head.write(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// A file in an archive, without the archive's directory.
fn zip(text: &[u8]) -> Vec<u8> {
    let head = [b"PK\x03\x04\x14\0\0\0\x08\0".as_slice(), &[0; 16], b"\x05\0\0\0a.txt"].concat();
    [head, deflate(text)].concat()
}

/// Text that hardly gets smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Bug found: a gzip file with a name in its head, a secret after much padding, and a secret after eight other files
/// were not found.
#[test]
fn a_compressed_secret_is_found() {
    let head = || GzBuilder::new().filename("headers.txt").comment("a comment").extra("extra");
    let mut checked_head = gzip_with(head(), SAID);
    checked_head[3] |= 2;
    checked_head.splice(10 + 2 + 5 + 12 + 10..10 + 2 + 5 + 12 + 10, [1, 2]);
    let others: Vec<u8> = (0..200_u8).flat_map(|n| gzip(&[n])).collect();
    let (first, second) = SAID.split_at(22);
    let cut_off = gzip(&[SAID, &noise(5_000)].concat());
    let cases: [(&str, Vec<u8>); 18] = [
        ("gzip", gzip(SAID)),
        ("gzip with a name", gzip_with(GzBuilder::new().filename("headers.txt"), SAID)),
        ("gzip with all of a head", gzip_with(head(), SAID)),
        ("gzip with a checked head", checked_head),
        ("gzip in two parts", [gzip(first), gzip(second)].concat()),
        ("gzip, cut off", cut_off[..4_000].to_vec()),
        ("gzip with more after it", [gzip(SAID), b"garbage".to_vec()].concat()),
        ("gzip in gzip", gzip(&gzip(SAID))),
        ("after padding", gzip(&[b" ".repeat(65_000).as_slice(), SAID].concat())),
        ("after much padding", gzip(&[b"a".repeat(1_000_000).as_slice(), SAID].concat())),
        ("after too much padding", gzip(&[b"a".repeat(5_000_000).as_slice(), SAID].concat())),
        ("after others", [others, gzip(SAID)].concat()),
        ("after a damaged one", [&gzip(&noise(100))[..40], &gzip(SAID)].concat()),
        ("after bytes", [noise(1_000), zlib(SAID)].concat()),
        ("zlib", zlib(SAID)),
        ("deflate", deflate(SAID)),
        ("zip", zip(SAID)),
        ("zip after another file", [zip(b"first"), zip(SAID)].concat()),
    ];
    for (what, packed) in cases {
        assert!(is_withheld(&packed), "{what}");
    }
}

/// The operator's secrets may be in them, and nobody here can tell.
#[test]
fn what_cannot_be_unpacked_is_withheld() {
    let packed = [
        (
            "bzip2",
            "QlpoOTFBWSZTWaWodZIAABefgEAALCAcRASAoj+/ICAAMUAA0AABU0zUNNMjyho9qaLYKVZ9Skh0WnpWeh37ugDQihzrp/AOJzHmGbXAu5IpwoSFLUOskA==",
        ),
        (
            "xz",
            "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAveW91IHNlbnQgQmVhcmVyIHNrX2xpdmVfNGVDMzlIcUx5aldEYXJqdFQxIHRvIG1lAP6Ku9R7H6YgAAFIMIpA/z4ftvN9AQAAAAAEWVo=",
        ),
        ("zstd", "KLUv/SQwgQEAeW91IHNlbnQgQmVhcmVyIHNrX2xpdmVfNGVDMzlIcUx5aldEYXJqdFQxIHRvIG1l1SyTCA=="),
        ("zstd without a size", "KLUv/QRYgQEAeW91IHNlbnQgQmVhcmVyIHNrX2xpdmVfNGVDMzlIcUx5aldEYXJqdFQxIHRvIG1l1SyTCA=="),
        ("lz4", "BCJNGGRApzAAAIB5b3Ugc2VudCBCZWFyZXIgc2tfbGl2ZV80ZUMzOUhxTHlqV0Rhcmp0VDEgdG8gbWUAAAAAdVv3oA=="),
        (
            "gzip with an endless name",
            &STANDARD.encode([b"\x1f\x8b\x08\x08\0\0\0\0\0\x03".as_slice(), &b"x".repeat(5_000), b"\0", &deflate(SAID)].concat()),
        ),
        ("zip, encrypted", &STANDARD.encode([b"PK\x03\x04\x14\0\x01\0\x08\0".as_slice(), &[0; 20], SAID].concat())),
    ];
    for (what, packed) in packed {
        assert!(is_withheld(&STANDARD.decode(packed).unwrap()), "{what}");
    }
}

/// Bug found: none of these has a secret.
#[test]
fn compressed_data_without_a_secret_is_passed_on() {
    let row = b"{\"id\": 17, \"name\": \"A name (Switzerland)\", \"price\": -12.50, \"tags\": [\"x^2\", \"<b>8</b>\"]},\n";
    let image = [b"\x89PNG\r\n\x1a\n\0\0\x20\0IDAT".as_slice(), &zlib(&[0; 8_000_000])].concat();
    let cases: [(&str, Vec<u8>); 8] = [
        ("gzip", gzip(b"a text without any")),
        ("gzip, large", gzip(&row.repeat(5_000))),
        ("zip", zip(&row.repeat(100))),
        ("an image", image),
        ("noise", noise(190_000)),
        ("noise, compressed", gzip(&noise(150_000))),
        ("a text that names formats", b"BZh9, 7z, Rar! and PK (S(Sx^x^".repeat(500)),
        ("zeros", vec![0; 190_000]),
    ];
    for (what, packed) in cases {
        assert!(!is_withheld(&packed), "{what}");
    }
}

/// Bug found: an answer of a few bytes took minutes, or all memory, to search.
#[test]
fn an_answer_that_unpacks_without_end_is_withheld() {
    let bomb = gzip(&b"A".repeat(64_000));
    for packed in [gzip(&STANDARD.encode(bomb.repeat(80)).into_bytes()), bomb.repeat(80)] {
        assert!(packed.len() < 190_000 && is_withheld(&packed));
    }
    // Each head is also the content of the stream before it, and all of them are followed by blocks without content.
    let heads = [0x78, 0x9c, 0, 2, 0, 0xfd, 0xff].repeat(1_400);
    assert!(is_withheld(&[&heads[..], &[0x78, 0x9c], &[2, 8, 0x20, 0x80, 0].repeat(22_000)].concat()));
    assert!(is_withheld(&gzip(&b"1,".repeat(1_900_000))), "each value takes a hundred times its size");
}
