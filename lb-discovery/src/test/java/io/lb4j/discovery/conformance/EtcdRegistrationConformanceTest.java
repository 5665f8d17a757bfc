package io.lb4j.discovery.conformance;

import io.lb4j.discovery.etcd.EtcdServer;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class EtcdRegistrationConformanceTest extends RegistrationConformance {
    @TempDir
    static Path directory;

    @Override
    RealSource newSource() {
        return new EtcdServer(directory);
    }
}
