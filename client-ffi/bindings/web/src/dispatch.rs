// Written by client-ffi/bindgen from the library's metadata; not to be changed by hand.

use gridfold_client::ffi::{self, Client};

use crate::bytes::{Answer, Arguments, Malformed, answer, done, failing_answer};

/// Makes one call.
pub(crate) async fn call(client: &Client, name: &str, bytes: &[u8]) -> Result<Answer, Malformed> {
    let mut a = Arguments::of(bytes);
    Ok(match name {
        "acknowledge" => done(client.acknowledge(a.next()?).await),
        "areas" => failing_answer(client.areas().await),
        "beginDue" => failing_answer(client.begin_due(a.next()?, a.next()?, a.next()?).await),
        "cancelSync" => {
            client.cancel_sync();
            done(Ok(()))
        }
        "carried" => failing_answer(client.carried().await),
        "carryDrop" => done(client.carry_drop(a.next()?).await),
        "carryExport" => failing_answer(client.carry_export(a.next()?).await),
        "carryFrames" => failing_answer(ffi::carry_frames(a.next()?, a.next()?)),
        "carryImport" => failing_answer(client.carry_import(a.next()?).await),
        "carryReceipts" => failing_answer(client.carry_receipts().await),
        "change" => failing_answer(client.change(a.next()?).await),
        "choose" => done(client.choose(a.next()?, a.next()?, a.next()?).await),
        "colleagues" => failing_answer(client.colleagues().await),
        "comment" => done(client.comment(a.next()?, a.next()?).await),
        "comments" => failing_answer(client.comments(a.next()?).await),
        "commitDraft" => failing_answer(client.commit_draft(a.next()?).await),
        "count" => failing_answer(client.count(a.next()?).await),
        "create" => failing_answer(client.create(a.next()?, a.next()?, a.next()?, a.next()?).await),
        "discardDraft" => done(client.discard_draft(a.next()?).await),
        "discardRefused" => done(client.discard_refused(a.next()?).await),
        "draft" => failing_answer(client.draft(a.next()?).await),
        "drafts" => failing_answer(client.drafts().await),
        "due" => failing_answer(client.due(a.next()?).await),
        "edit" => done(client.edit(a.next()?, a.next()?, a.next()?).await),
        "enrol" => failing_answer(client.enrol(a.next()?, a.next()?).await),
        "form" => failing_answer(client.form(a.next()?, a.next()?).await),
        "forms" => failing_answer(client.forms().await),
        "get" => failing_answer(client.get(a.next()?).await),
        "history" => failing_answer(client.history(a.next()?).await),
        "identity" => failing_answer(client.identity().await),
        "keyByPerson" => failing_answer(client.key_by_person().await),
        "list" => failing_answer(client.list(a.next()?).await),
        "matterKind" => failing_answer(client.matter_kind(a.next()?).await),
        "matterKinds" => failing_answer(client.matter_kinds().await),
        "mendDraft" => failing_answer(client.mend_draft(a.next()?).await),
        "mendedSeen" => done(client.mended_seen().await),
        "newRecordId" => failing_answer(client.new_record_id()),
        "nextTransitions" => failing_answer(client.next_transitions(a.next()?).await),
        "proposedDue" => failing_answer(client.proposed_due(a.next()?, a.next()?, a.next()?).await),
        "push" => failing_answer(client.push().await),
        "reason" => answer(client.reason(a.next()?)),
        "refused" => failing_answer(client.refused().await),
        "refusedAsDraft" => failing_answer(client.refused_as_draft(a.next()?).await),
        "residentReceipt" => failing_answer(client.resident_receipt(a.next()?, a.next()?).await),
        "retryRefused" => done(client.retry_refused(a.next()?).await),
        "saveDraft" => failing_answer(client.save_draft(a.next()?).await),
        "setPush" => failing_answer(client.set_push(a.next()?).await),
        "signOut" => failing_answer(client.sign_out(a.next()?).await),
        "standingSteps" => failing_answer(client.standing_steps(a.next()?).await),
        "status" => failing_answer(client.status().await),
        "sync" => failing_answer(client.sync(a.next()?).await),
        "transition" => done(client.transition(a.next()?, a.next()?, a.next()?).await),
        "undoLast" => failing_answer(client.undo_last().await),
        "urgencies" => failing_answer(client.urgencies().await),
        "visibleFields" => failing_answer(client.visible_fields(a.next()?, a.next()?, a.next()?, a.next()?).await),
        "wipe" => done(client.wipe().await),
        _ => return Err(Malformed),
    })
}
