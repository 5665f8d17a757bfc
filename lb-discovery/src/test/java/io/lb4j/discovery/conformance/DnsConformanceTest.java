package io.lb4j.discovery.conformance;

import io.lb4j.discovery.dns.KnotServer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class DnsConformanceTest extends DiscoveryConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() throws IOException {
        return new KnotServer(directory);
    }
}
