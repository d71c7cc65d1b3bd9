/**
 * Words and frames that both sides share: framing, versions, checksums, the connection to a peer.
 */
@NullMarked
package remus.protocol;

import org.jspecify.annotations.NullMarked;
