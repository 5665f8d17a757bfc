package io.lb4j.discovery.conformance;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class ConsulConformanceTest extends DiscoveryConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() {
        return new ConsulSource(directory);
    }
}
