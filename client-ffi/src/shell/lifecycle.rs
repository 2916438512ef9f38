//! Lifecycles on the phone: what may be done to a record next, doing it, and comments on it.
//!
//! What enters: the record as it stands here and the roles held in its grid. What leaves: the
//! transitions allowed, with what they ask for. The rules are the core's; whoever decides is the
//! server.

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, EntryRef, FieldKey, ItemKey, RecordId, StreamId};
use gridfold_sync_core::lifecycle::Actor;
use gridfold_sync_core::schema::{FieldType, Form, Label};
use gridfold_sync_core::view::{Cell, PartState};

use crate::error::ClientError;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::rows::StreamNo;
use crate::shell::state::{Bearings, entry_row};
use crate::shell::store::Rx;
use crate::shell::summary::with_view;
use crate::shell::who::{author_of, who_made};
use crate::types::{Comment, NextTransition, StandingStep};

/// The group of comments and its members, in forms that have one.
const COMMENTS: &str = "comments";
const TEXT: &str = "text";
const AT: &str = "at";

fn label(of: Option<&Label>, key: &str) -> (String, String) {
    of.map_or_else(
        || (key.to_owned(), key.to_owned()),
        |label| (label.zh.clone(), label.en.clone()),
    )
}

fn next_of(
    form: &Form,
    main: &PartState,
    rx: &Rx<'_>,
    bearings: &Bearings,
    grid: &gridfold_sync_core::ids::AreaCode,
) -> Vec<NextTransition> {
    let (Some(lifecycle), Some(held)) = (&form.lifecycle, &bearings.held) else {
        return Vec::new();
    };
    let roles = held.roles(grid);
    let stream = StreamId::new(grid.clone(), form.class);
    let stream = bearings.number(&stream);
    let made = |by: &EntryRef| who_made(rx, bearings, stream?, by);
    let actor = Actor {
        roles: &roles,
        user: bearings.account.as_ref().map(|a| a.author().user),
        made: &made,
    };
    let next = lifecycle.next(main, actor);
    next.into_iter()
        .map(|t| {
            let to = lifecycle.leads_to(main, t);
            let named = to.map(|to| label(lifecycle.status(to).map(|s| &s.label), to.as_str()));
            let (to_label_zh, to_label_en) = named.unzip();
            NextTransition {
                action: t.action.clone(),
                label_zh: t.label.zh.clone(),
                label_en: t.label.en.clone(),
                to: to.cloned(),
                to_label_zh,
                to_label_en,
                needs: t.lacking(main).cloned().collect(),
                note_expected: t.note || t.note_needed,
                note_needed: t.note_needed,
            }
        })
        .collect()
}

fn has_comments(form: &Form) -> bool {
    let member = |members: &[gridfold_sync_core::schema::Field], key: &str| {
        members.iter().any(|m| m.key.as_str() == key)
    };
    form.field(COMMENTS).is_some_and(|field| match &field.kind {
        FieldType::Group { members, .. } => member(members, TEXT) && member(members, AT),
        _ => false,
    })
}

fn key(text: &str) -> Result<FieldKey, ClientError> {
    FieldKey::new(text).map_err(|_| ClientError::internal("lifecycle/key"))
}

fn standing_in(
    form: &Form,
    main: &PartState,
    rx: &Rx<'_>,
    bearings: &Bearings,
    stream: StreamNo,
) -> Result<Vec<StandingStep>, ClientError> {
    let Some(lifecycle) = &form.lifecycle else {
        return Ok(Vec::new());
    };
    let made = |by: &EntryRef| who_made(rx, bearings, stream, by);
    let standing = lifecycle.standing(main, made).into_iter();
    let mut out = Vec::new();
    for step in standing.chain(lifecycle.resolved(main)) {
        let named = lifecycle.steps().find(|t| t.action == step.action);
        let (label_zh, label_en) = label(named.map(|t| &t.label), step.action.as_str());
        let row = entry_row(rx, stream, &step.by)?.map(|(_, row)| row);
        let author = author_of(bearings, step.by, row.as_ref().and_then(|r| r.said));
        let user = author.map(|a| a.user);
        out.push(StandingStep {
            action: step.action.clone(),
            label_zh,
            label_en,
            note: step.note.clone(),
            entry: step.by,
            user,
            user_name: user.and_then(|u| bearings.held.as_ref()?.user_name(u)),
            at: row.and_then(|r| Some(r.entry?.header.claimed)),
        });
    }
    out.sort_by_key(|step| std::cmp::Reverse((step.at, step.entry)));
    Ok(out)
}

impl Shell {
    pub(crate) fn standing_steps(
        &self,
        record: &RecordId,
    ) -> Result<Vec<StandingStep>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let row = self.record_row(rx, record)?.ok_or(ClientError::NotFound)?;
            let bearings = &state.bearings;
            with_view(bearings, record, &row, |view| {
                let stream = StreamId::new(row.row.grid.clone(), view.form.class);
                match (view.main(), bearings.number(&stream)) {
                    (Some(main), Some(no)) => standing_in(view.form, main, rx, bearings, no),
                    _ => Ok(Vec::new()),
                }
            })
        })
    }

    pub(crate) fn next_transitions(
        &self,
        record: &RecordId,
    ) -> Result<Vec<NextTransition>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let row = self.record_row(rx, record)?.ok_or(ClientError::NotFound)?;
            if row.row.deleted {
                return Ok(Vec::new());
            }
            let bearings = &state.bearings;
            Ok(with_view(bearings, record, &row, |view| {
                match view.main() {
                    Some(main) => next_of(view.form, main, rx, bearings, &row.row.grid),
                    None => Vec::new(),
                }
            }))
        })
    }

    pub(crate) fn transition(
        &self,
        record: &RecordId,
        action: &str,
        note: &str,
    ) -> Result<(), ClientError> {
        let action =
            ActionKey::new(action).map_err(|_| ClientError::rejected("transition_not_allowed"))?;
        let note = note.to_owned();
        self.edit(record, None, vec![Op::Transition { action, note }])
    }

    pub(crate) fn comment(&self, record: &RecordId, text: &str) -> Result<(), ClientError> {
        if text.trim().is_empty() {
            return Err(ClientError::rejected("empty"));
        }
        let (field, item) = (
            key(COMMENTS)?,
            // Its own key, so that comments made without knowing of each other all stay.
            ItemKey::new(&to_hex(&random::<12>(&*self.platform)))
                .map_err(|_| ClientError::internal("lifecycle/item"))?,
        );
        let member = |member: FieldKey, value: Value| Op::ItemSet {
            field: field.clone(),
            item: item.clone(),
            member,
            value,
        };
        let ops = vec![
            member(key(TEXT)?, Value::Text(text.to_owned())),
            member(key(AT)?, Value::DateTime(self.platform.now())),
        ];
        let again = ops.clone();
        let said = self.commit_change(|batch| {
            let row = batch.record(record)?.as_ref().map(|r| r.row.clone());
            let row = row.ok_or(ClientError::NotFound)?;
            let form = batch.bearings.held.as_ref().and_then(|h| h.form(&row.form));
            if !form.is_some_and(|form| has_comments(form)) {
                return Err(ClientError::rejected("no_comments"));
            }
            batch.edit_known(record, None, ops)
        });
        said.map_err(|e| match e.code() {
            // No form of it has a place for that.
            "no_comments" => e,
            _ => self.edit_or_draft(e, record, None, again),
        })
    }

    pub(crate) fn comments(&self, record: &RecordId) -> Result<Vec<Comment>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let row = self.record_row(rx, record)?.ok_or(ClientError::NotFound)?;
            let mut out = Vec::new();
            for (stream, part) in &row.parts {
                comments_of(rx, &state.bearings, *stream, part, &mut out)?;
            }
            out.sort_by(|a, b| (a.at, &a.item).cmp(&(b.at, &b.item)));
            Ok(out)
        })
    }
}

fn comments_of(
    rx: &Rx<'_>,
    bearings: &Bearings,
    stream: StreamNo,
    part: &PartState,
    out: &mut Vec<Comment>,
) -> Result<(), ClientError> {
    let Some(Cell::Group(items)) = part.fields.get(COMMENTS) else {
        return Ok(());
    };
    for (item, held) in items.iter().filter(|(_, held)| held.present) {
        let first = |member: &str| held.members.get(member).and_then(|all| all.first());
        let Some(text) = first(TEXT) else { continue };
        let Value::Text(said) = &text.value else {
            continue;
        };
        let row = entry_row(rx, stream, &text.by)?.map(|(_, row)| row);
        let author = author_of(bearings, text.by, row.as_ref().and_then(|r| r.said));
        let user = author.map(|a| a.user);
        out.push(Comment {
            item: item.clone(),
            text: said.clone(),
            at: first(AT).and_then(|at| match &at.value {
                Value::DateTime(at) => Some(*at),
                _ => None,
            }),
            entry: text.by,
            user,
            user_name: user.and_then(|u| bearings.held.as_ref()?.user_name(u)),
        });
    }
    Ok(())
}
