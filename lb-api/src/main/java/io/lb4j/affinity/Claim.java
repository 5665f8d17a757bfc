package io.lb4j.affinity;

/**
 * Says that an instance serves a key.
 *
 * @param instance the instance's id, 1 to 255 characters
 * @param version differs from that of every other claim that the key ever had, and is greater than those before; at
 *     least 0. Who moves a key names the version it saw, so that a late report of a death moves nothing
 */
public record Claim(String instance, long version) {

    /**
     * Checks every component.
     *
     * @throws IllegalArgumentException naming the component, its value and the rule it broke
     */
    public Claim {
        if (instance.isEmpty() || instance.length() > 255) {
            throw new IllegalArgumentException("instance: '" + instance + "' (expected: 1 to 255 characters)");
        }
        if (version < 0) {
            throw new IllegalArgumentException("version: " + version + " (expected: >= 0)");
        }
    }
}
