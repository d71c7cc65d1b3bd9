package remus.ha;

import java.util.regex.Pattern;

/** What a group may be called: its name becomes the name of files. */
public final class GroupNames {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,63}");

    private GroupNames() {}

    /**
     * Whether {@code name} is 1 to 64 letters, digits, and {@code _ . : + -}, not led by
     * punctuation.
     */
    public static boolean isValid(String name) {
        return VALID.matcher(name).matches();
    }
}
