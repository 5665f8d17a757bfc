package io.lb4j.discovery.internal;

/** Libraries that only some sources need, so that nobody inherits them. */
public final class OptionalJar {
    private OptionalJar() {}

    /**
     * Checks that a library is there.
     *
     * @param who needs it
     * @param type one of its classes
     * @param artifact what to add to the path
     * @throws IllegalStateException if it isn't
     */
    public static void require(String who, String type, String artifact) {
        try {
            Class.forName(type, false, OptionalJar.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            throw new IllegalStateException(
                    who + ": " + type + " is missing (expected: the artifact " + artifact
                            + " on the path, which lb-discovery doesn't bring along)",
                    e);
        }
    }
}
