/**
 * The backup's copy of a group's disks: raw images that are, with a journal beside them, always
 * exactly the disks at the end of one epoch. {@link remus.diskbuf.store.DiskStore} is the way in.
 *
 * <h2>Files</h2>
 *
 * <pre>
 *   store.json           standing, ids of journal and overlay, the disks; replaced atomically
 *   journal-0 to -3      four segments of one size, preallocated, used in turn
 *   seed.log             overlay: a resync beside an old copy that is worth keeping
 *   lock                 held by the process that has the store open
 *   and, elsewhere, one raw image for each disk
 *
 *   segment, use n in file n mod 4; numbers are big-endian
 *   0                4096                                                segment size
 *   | SEGMENT record | WRITES | WRITES | COMMIT | to page end | WRITES | COMMIT | ... |
 *     where a replay   \------ epoch 7 ------/                 \-- epoch 8 --/
 *     starts now
 *
 *   seed.log
 *   | WRITES | WRITES | ... | COMMIT |
 *
 *   record: 80 bytes of head, then the payload, both with a CRC-32C
 *      magic 4 | version 1 | kind 1 | disk 2 | journal id 16 | use of the segment 8 | serial 8 |
 *      attempt 8 | epoch 8 | last durable epoch 8 | extents 4 | payload bytes 4 |
 *      CRC of the payload 4 | CRC of the head 4
 * </pre>
 *
 * <p>An epoch may go on in the next segment; a record may not. The payload of WRITES is one frame
 * of {@link remus.diskbuf.store.DiskExtents}, so that replaying it twice, or in part and then
 * again, ends in the same state.
 *
 * <h2>Why every crash point is safe</h2>
 *
 * <ol>
 *   <li><b>What was committed is never written again.</b> Each epoch starts on a page of its own,
 *       so that no write after a commit touches a page that holds it. A torn write tears
 *       uncommitted records only.
 *   <li><b>An epoch counts only if it is whole.</b> Its records have consecutive serials and one
 *       attempt, all their sums are right, and a COMMIT ends it. {@code commit} returns after
 *       fdatasync; whatever part of an epoch is missing before that, the epoch is dropped.
 *   <li><b>Leftovers are not taken for records.</b> A journal that starts over has a new id; a
 *       segment used anew has a new number; a try that was dropped has an older attempt.
 *   <li><b>The journal is durable before an image is written</b> (without {@code syncBeforeAck} the
 *       applier syncs it). So an image never holds anything that a replay would not bring again.
 *   <li><b>A segment is used anew only when nobody needs it:</b> all of it is in the images, the
 *       images are synced, and then the first page of its next use, which tells a replay to start
 *       behind, is synced. Only after that may its old content be overwritten.
 *   <li><b>A fresh image is {@code INCONSISTENT}</b> on disk from before the first byte of its seed
 *       until {@code store.json} names the first epoch; that is after the images and the journal
 *       were synced.
 *   <li><b>An old copy is not touched by a resync.</b> The seed goes to seed.log, the new epochs
 *       into a journal whose id is not yet in store.json. The first commit syncs both; then one
 *       replacement of store.json names both. Before it, a restart sees the old copy with an empty
 *       journal; after it, the old images, to be covered by seed.log, to be covered by the journal.
 *       seed.log is removed when the images are synced and store.json does not name it any more.
 *   <li><b>A recovery may be killed.</b> It only repeats writes; the journal starts over when the
 *       images are synced, by one replacement of store.json.
 *   <li><b>A handed-over image</b> is marked so on disk before a hypervisor may write to it. No
 *       journal is replayed into it any more.
 * </ol>
 *
 * <p>Media that lie are found out where that is possible: each record says which epoch was durable
 * when it was written. If a record is damaged and a later one knows its epoch to be durable, this
 * is no torn end, and the images are {@code INCONSISTENT}. What cannot be told from a torn end is
 * rot in the very last epoch of the journal: the standing then names the epoch before, while the
 * images may hold parts of the last.
 *
 * <p>A failed fdatasync is never repeated: the kernel reports it once, and a second one would lie.
 */
@NullMarked
package remus.diskbuf.store;

import org.jspecify.annotations.NullMarked;
