package io.lb4j.examples;

import io.lb4j.discovery.Discoveries;
import io.lb4j.discovery.DiscoveryUri;
import org.jspecify.annotations.Nullable;

/**
 * What the {@link Demo} was told.
 *
 * @param discovery where its servers register and are found; null for a registry of its own
 */
record DemoOptions(@Nullable String discovery, boolean help) {
    static final String USAGE = """
            usage: Demo [--discovery URI]
              --discovery URI  put the demo's servers into this registry and find them there, as in
                               consul://127.0.0.1:8500; default: a registry of the demo's own""";

    /** Throws {@link IllegalArgumentException} if that isn't a command, or no registry in which servers register themselves. */
    static DemoOptions parse(String... arguments) {
        if (arguments.length == 0) {
            return new DemoOptions(null, false);
        }
        if (arguments.length == 1 && arguments[0].equals("--help")) {
            return new DemoOptions(null, true);
        }
        if (arguments.length != 2 || !arguments[0].equals("--discovery")) {
            throw new IllegalArgumentException(
                    "arguments: '" + String.join(" ", arguments) + "' (expected: none, --help, or --discovery URI)");
        }
        String uri = arguments[1];
        // What can be found out is found out here, so that nothing has to be started first.
        Discoveries.open(uri).close();
        if (!Registering.schemes().contains(DiscoveryUri.parse(uri).scheme())) {
            throw new IllegalArgumentException("--discovery: '" + DiscoveryUri.parse(uri)
                    + "' (expected: a registry in which servers register themselves, one of " + Registering.schemes()
                    + ", since the demo starts and kills servers of its own)");
        }
        return new DemoOptions(uri, false);
    }

    /** Whether the registry tells of changes at once. */
    boolean pushed() {
        return discovery == null || !DiscoveryUri.parse(discovery).scheme().equals("eureka");
    }
}
