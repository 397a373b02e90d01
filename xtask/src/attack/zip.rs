//! As much of the ZIP format as hostile archives need: members are taken out and put in as their raw bytes, so that any of
//! what an archive claims can be a lie.

/// A member as it lies in an archive.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: Vec<u8>,
    /// 0 stored, 8 deflated.
    pub method: u16,
    pub checksum: u32,
    pub packed: Vec<u8>,
    pub size: u32,
    /// Unix mode and type.
    pub mode: u32,
}

impl Member {
    /// A member that is stored as it is.
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        let (packed, size) = (bytes.to_vec(), bytes.len() as u32);
        Self { name: name.into(), method: 0, checksum: checksum(bytes), packed, size, mode: 0o100_644 }
    }

    /// `count` times 258 bytes `0`, packed as tightly as the format can: about a thousandth.
    pub fn bomb(name: &str, count: u32) -> Self {
        let (packed, size) = (deflated_zeros(count), 1 + 258 * count);
        let table = table();
        let checksum = !(0..=258 * count).fold(!0, |state, _| step(&table, state, b'0'));
        Self { name: name.into(), method: 8, checksum, packed, size, mode: 0o100_644 }
    }
}

/// What each byte does to a checksum.
fn table() -> [u32; 256] {
    let of = |byte: usize| {
        (0..8).fold(byte as u32, |state, _| if state & 1 == 1 { state >> 1 ^ 0xedb8_8320 } else { state >> 1 })
    };
    std::array::from_fn(of)
}

fn step(table: &[u32; 256], state: u32, byte: u8) -> u32 {
    state >> 8 ^ table[(state as u8 ^ byte) as usize]
}

/// CRC-32.
pub fn checksum(bytes: &[u8]) -> u32 {
    let table = table();
    !bytes.iter().fold(!0, |state, byte| step(&table, state, *byte))
}

/// One literal `0`, then `count` copies of 258 bytes from one back, in one block with fixed codes.
fn deflated_zeros(count: u32) -> Vec<u8> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    let mut put = |value: u32, length: u32| {
        held |= value << bits;
        bits += length;
        while bits >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    };
    let code = |value: u32, length: u32| value.reverse_bits() >> (32 - length);
    put(0b011, 3);
    put(code(0x30 + u32::from(b'0'), 8), 8);
    for _ in 0..count {
        // Length 258, distance 1.
        put(code(0xc5, 8), 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 7);
    bytes
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The members of a plain archive.
pub fn read(archive: &[u8]) -> Option<Vec<Member>> {
    let end = archive.windows(4).rposition(|it| it == b"PK\x05\x06")?;
    let mut at = u32_at(archive, end + 16)? as usize;
    let mut members = Vec::new();
    for _ in 0..u16_at(archive, end + 10)? {
        let (length, extra, comment) = (
            u16_at(archive, at + 28)? as usize,
            u16_at(archive, at + 30)? as usize,
            u16_at(archive, at + 32)? as usize,
        );
        let (packed, local) = (u32_at(archive, at + 20)? as usize, u32_at(archive, at + 42)? as usize);
        let data = local + 30 + u16_at(archive, local + 26)? as usize + u16_at(archive, local + 28)? as usize;
        members.push(Member {
            name: archive.get(at + 46..at + 46 + length)?.to_vec(),
            method: u16_at(archive, at + 10)?,
            checksum: u32_at(archive, at + 16)?,
            packed: archive.get(data..data + packed)?.to_vec(),
            size: u32_at(archive, at + 24)?,
            mode: u32_at(archive, at + 38)? >> 16,
        });
        at += 46 + length + extra + comment;
    }
    Some(members)
}

/// An archive of these members, whatever they claim.
pub fn write(members: &[Member]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let mut head = Vec::new();
        for half in [20, 0, member.method, 0, 0x21] {
            head.extend(u16::to_le_bytes(half));
        }
        for word in [member.checksum, member.packed.len() as u32, member.size] {
            head.extend(word.to_le_bytes());
        }
        head.extend((member.name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        let local = archive.len() as u32;
        archive.extend(b"PK\x03\x04");
        archive.extend(&head);
        archive.extend(&member.name);
        archive.extend(&member.packed);
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&head);
        directory.extend([0; 6]);
        directory.extend((member.mode << 16).to_le_bytes());
        directory.extend(local.to_le_bytes());
        directory.extend(&member.name);
    }
    let at = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        archive.extend((members.len() as u16).to_le_bytes());
    }
    archive.extend((directory.len() as u32).to_le_bytes());
    archive.extend(at.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn what_is_written_is_read_and_other_programs_agree() {
        let members = [Member::stored("a/b.txt", b"hello"), Member::bomb("zeros", 1000)];
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        let archive = write(&members);
        let again = read(&archive).expect("it is an archive");
        assert_eq!(again.len(), 2);
        for (one, other) in members.iter().zip(&again) {
            assert_eq!(
                (&one.name, one.size, one.checksum, one.mode),
                (&other.name, other.size, other.checksum, other.mode)
            );
            assert_eq!(one.packed, other.packed);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.zip");
        std::fs::write(&file, &archive).expect("written");
        let said = Command::new("python3").args(["-m", "zipfile", "-t"]).arg(&file).output().expect("Python is there");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "Done testing");
    }
}
