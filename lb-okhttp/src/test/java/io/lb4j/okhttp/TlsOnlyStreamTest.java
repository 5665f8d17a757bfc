package io.lb4j.okhttp;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TlsOnlyStreamTest {
    private final ByteArrayOutputStream wire = new ByteArrayOutputStream();
    private final AtomicInteger closes = new AtomicInteger();
    private final TlsOnlyStream stream = new TlsOnlyStream(wire, "orders", closes::incrementAndGet);

    @Test
    void request_withoutTls_isNotSentAndItsSocketIsClosed() {
        assertThatExceptionOfType(RedirectedToService.class)
                .isThrownBy(() -> stream.write("GET / HTTP/1.1".getBytes(US_ASCII)));

        assertThat(wire.size()).isZero();
        assertThat(closes).hasValue(1);
    }

    @Test
    void handshake_goesThroughAndSoDoesWhatFollows() throws IOException {
        stream.write(new byte[0]);
        stream.write(22);
        stream.write("GET".getBytes(US_ASCII));

        assertThat(wire.toByteArray()).containsExactly(22, 'G', 'E', 'T');
        assertThat(closes).hasValue(0);
    }
}
