package io.lb4j.discovery.conformance;

import io.lb4j.discovery.eureka.EurekaServer;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class EurekaRegistrationConformanceTest extends RegistrationConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() throws IOException {
        return new EurekaServer(directory);
    }
}
