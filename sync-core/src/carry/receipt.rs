//! Carry receipts: the server's signed word on what became of a bundle.

use crate::admission::LogProblem;
use crate::carry::{CARRY_MAGIC, CARRY_VERSION, LogEnd, RECEIPT};
use crate::codec::{DecodeError, Reader, put_str, put_u64};
use crate::entry::{PublicKey, SignKey, Signature};
use crate::ids::{CarryId, DeviceId, Hash, IncarnationId, StreamId};
use crate::limits::{MAX_LOGS_PER_PUSH, MAX_NAME_BYTES};
use crate::wire::ProblemNotice;

/// What a server says to the device whose entries were carried to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarryReceipt {
    /// The bundle.
    pub id: CarryId,
    /// The device that made the entries.
    pub device: DeviceId,
    /// The log epoch it is of.
    pub epoch: u64,
    /// Entries of these device logs are durable up to there, admitted or refused.
    pub logs: Vec<LogEnd>,
    /// Device logs that were not taken, or not as far as the bundle went.
    pub problems: Vec<ProblemNotice>,
    /// The server's signature over all of it.
    pub signature: Signature,
}

fn content(
    id: CarryId,
    device: DeviceId,
    epoch: u64,
    logs: &[LogEnd],
    problems: &[ProblemNotice],
) -> Vec<u8> {
    let mut out = id.bytes().to_vec();
    out.extend_from_slice(&device.bytes());
    out.extend_from_slice(&epoch.to_be_bytes());
    put_u64(&mut out, logs.len() as u64);
    for log in logs {
        put_str(&mut out, &log.stream.name());
        out.extend_from_slice(&log.incarnation.bytes());
        put_u64(&mut out, log.seq);
        out.extend_from_slice(&log.link.0);
    }
    put_u64(&mut out, problems.len() as u64);
    for notice in problems {
        let (code, expected) = notice.problem.to_wire();
        put_str(&mut out, &notice.stream.name());
        out.extend_from_slice(&notice.incarnation.bytes());
        out.push(code);
        put_u64(&mut out, expected);
    }
    out
}

fn statement(content: &[u8]) -> Vec<u8> {
    [b"gridfold carry receipt v1\0", content].concat()
}

impl CarryReceipt {
    /// Signs what became of a bundle.
    #[must_use]
    pub fn sign(
        key: &SignKey,
        id: CarryId,
        device: DeviceId,
        epoch: u64,
        logs: Vec<LogEnd>,
        problems: Vec<ProblemNotice>,
    ) -> Self {
        let content = content(id, device, epoch, &logs, &problems);
        Self {
            id,
            device,
            epoch,
            logs,
            problems,
            signature: key.sign(&statement(&content)),
        }
    }

    fn content(&self) -> Vec<u8> {
        content(self.id, self.device, self.epoch, &self.logs, &self.problems)
    }

    /// Whether it is the server's.
    #[must_use]
    pub fn verify(&self, server: &PublicKey) -> bool {
        server.verify(&statement(&self.content()), &self.signature)
    }

    /// Its bytes, to be handed back the way the bundle came.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = CARRY_MAGIC.to_vec();
        out.push(CARRY_VERSION);
        out.push(RECEIPT);
        out.extend_from_slice(&self.content());
        out.extend_from_slice(&self.signature.0);
        out
    }

    /// Reads what follows magic, version and kind.
    pub(super) fn decode_rest(mut r: Reader<'_>) -> Result<Self, DecodeError> {
        fn log(r: &mut Reader<'_>) -> Result<(StreamId, IncarnationId), DecodeError> {
            let stream = StreamId::parse(r.str(MAX_NAME_BYTES + 2)?)
                .ok_or(DecodeError::OutOfRange("stream"))?;
            Ok((stream, IncarnationId::from_bytes(r.array()?)))
        }
        let id = CarryId::from_bytes(r.array()?);
        let device = DeviceId::from_bytes(r.array()?);
        let epoch = u64::from_be_bytes(r.array()?);
        let n = r.count(MAX_LOGS_PER_PUSH, "device logs")?;
        let mut logs = Vec::with_capacity(n);
        for _ in 0..n {
            let (stream, incarnation) = log(&mut r)?;
            logs.push(LogEnd {
                stream,
                incarnation,
                seq: r.u64()?,
                link: Hash(r.array()?),
            });
        }
        let n = r.count(MAX_LOGS_PER_PUSH, "problems")?;
        let mut problems = Vec::with_capacity(n);
        for _ in 0..n {
            let (stream, incarnation) = log(&mut r)?;
            let (code, expected) = (r.u8()?, r.u64()?);
            let problem =
                LogProblem::from_wire(code, expected).ok_or(DecodeError::OutOfRange("problem"))?;
            // One way to write each: what is read is what was signed.
            if problem.to_wire() != (code, expected) {
                return Err(DecodeError::OutOfRange("expected"));
            }
            problems.push(ProblemNotice {
                stream,
                incarnation,
                problem,
            });
        }
        let signature = Signature(r.array()?);
        r.finish()?;
        Ok(Self {
            id,
            device,
            epoch,
            logs,
            problems,
            signature,
        })
    }
}
