package io.lb4j.discovery;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Programs that tests talk to. Who has one not installed gets its tests left out; who promises to have all gets them failed. */
public final class RealServers {
    /** Where {@code .ci/consul} leaves the one that no package brings. */
    private static final String CACHED_CONSUL = cache() + "/lb4j/consul/root/usr/bin";

    private RealServers() {}

    private static String cache() {
        String configured = System.getenv("XDG_CACHE_HOME");
        return configured == null || configured.isEmpty() ? System.getProperty("user.home") + "/.cache" : configured;
    }

    /**
     * The path of a program; leaves the test out if it isn't installed, unless the environment says
     * {@code LB4J_SERVERS=required}.
     *
     * @param install how to get it
     */
    public static Path program(String name, String install) {
        Path program = Stream.concat(Stream.of(System.getenv("PATH").split(":")), Stream.of("/usr/sbin", CACHED_CONSUL))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        String missing = name + " is not installed: " + install;
        if (program == null && "required".equals(System.getenv("LB4J_SERVERS"))) {
            throw new AssertionError(missing);
        }
        assumeTrue(program != null, missing);
        return program;
    }
}
