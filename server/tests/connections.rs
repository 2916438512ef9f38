//! Connections that go on after an answer, and those that do not: either is said.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::api_support::World;

/// A push that is refused by its headers, without a look at its body.
fn refused(body_bytes: usize, more: &str) -> String {
    format!(
        "POST /v1/sync HTTP/1.1\r\nhost: here\r\nauthorization: Bearer nobody\r\n\
         content-type: application/vnd.gridfold.sync\r\ncontent-length: {body_bytes}\r\n{more}\r\n"
    )
}

/// One answer: its head in small letters, once all of it was read.
fn answer(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let bytes = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |bytes| bytes.parse().unwrap());
    stream.read_exact(&mut vec![0; bytes]).unwrap();
    head
}

fn is_refused(head: &str) {
    assert!(head.starts_with("http/1.1 401 "), "{head}");
}

fn ends(mut stream: TcpStream, head: &str) {
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn after_a_refusal_a_body_that_comes_late_leaves_the_connection_to_the_next_request() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.set_nodelay(true).unwrap();
    for _ in 0..50 {
        stream.write_all(refused(5, "").as_bytes()).unwrap();
        // In a segment of its own, as many clients send it.
        stream.write_all(b"12345").unwrap();
        let head = answer(&mut stream);
        is_refused(&head);
        assert!(!head.contains("connection: close"), "{head}");
    }
}

#[test]
fn after_a_refusal_whose_body_never_comes_the_connection_is_said_to_end() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.write_all(refused(5, "").as_bytes()).unwrap();
    let head = answer(&mut stream);
    is_refused(&head);
    ends(stream, &head);
}

#[test]
fn nobody_is_asked_for_a_body_that_is_not_wanted() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    let asks = refused(5, "expect: 100-continue\r\n");
    stream.write_all(asks.as_bytes()).unwrap();
    let head = answer(&mut stream);
    is_refused(&head);
    ends(stream, &head);
}

#[test]
fn a_large_body_is_not_read_for_a_refusal() {
    let world = World::new();
    let mut stream = TcpStream::connect(world.address).unwrap();
    stream.write_all(refused(1 << 20, "").as_bytes()).unwrap();
    stream.write_all(&[0; 80 << 10]).unwrap();
    let head = answer(&mut stream);
    is_refused(&head);
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
}
