//! Carry bundles of phones whose keys the test knows.

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::carry::{Bundle, CarriedLog, CarryBody, CarryKind};
use gridfold_sync_core::edit::{Op, Value as Field};
use gridfold_sync_core::entry::{Entry, PublicKey, SignKey, Target, head_statement, next_link};
use gridfold_sync_core::ids::{
    AreaCode, CarryId, DeviceId, FieldKey, FormCode, Hash, IncarnationId, RecordId,
    SensitivityClass, StreamId,
};
use serde_json::Value;

use super::{NOW, unhex};

pub(crate) const CARRY: &str = "application/vnd.gridfold.carry";

/// What a phone would export.
pub(crate) struct Parcel {
    pub(crate) body: CarryBody,
    pub(crate) server: PublicKey,
}

impl Parcel {
    /// One new matter in `c-a-1`, by the phone of an answer to enrolment.
    pub(crate) fn new(phone: &Value, seed: u8, record: RecordId) -> Self {
        let key = SignKey::from_seed(&[seed; 32]);
        let stream = StreamId::new(AreaCode::new("c-a-1").unwrap(), SensitivityClass::General);
        let life = IncarnationId::from_parts(NOW, [seed; 10]);
        let kind = Op::Set {
            field: FieldKey::new("kind").unwrap(),
            value: Field::Text("路灯".to_owned()),
        };
        let target = Target::New {
            record,
            form: FormCode::new("matter").unwrap(),
        };
        let entry = Entry::new(life, 1, target, 1, NOW, vec![kind]);
        let link = next_link(&Hash::default(), &entry.hash(&stream));
        let log = PushedLog {
            erased: Vec::new(),
            signature: key.sign(&head_statement(&stream, life, 1, &link)),
            stream,
            incarnation: life,
            entries: vec![entry],
        };
        let server = unhex(phone["server_public_key"].as_str().unwrap());
        Self {
            body: CarryBody {
                author: DeviceId::parse(phone["device_id"].as_str().unwrap()).unwrap(),
                logs: vec![CarriedLog {
                    before: Hash::default(),
                    log,
                }],
            },
            server: PublicKey(server.try_into().unwrap()),
        }
    }

    /// Sealed to the server.
    pub(crate) fn sealed(&self) -> Vec<u8> {
        self.sealed_to(CarryKind::Server, self.server)
    }

    pub(crate) fn sealed_to(&self, kind: CarryKind, to: PublicKey) -> Vec<u8> {
        let id = CarryId::from_parts(NOW, [3; 10]);
        Bundle::seal(id, kind, &self.body.encode(), &[to], &[8; 32])
            .unwrap()
            .encode()
    }
}
