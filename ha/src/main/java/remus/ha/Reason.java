package remus.ha;

/**
 * Why a group is in the state that it is in.
 *
 * @param code stable, for scripts and metrics: {@code backup-link-closed}
 * @param sentence the whole explanation for people, one plain sentence
 */
public record Reason(String code, String sentence) {}
