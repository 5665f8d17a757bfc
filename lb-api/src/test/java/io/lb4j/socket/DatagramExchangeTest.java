package io.lb4j.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.PickRequest;
import io.lb4j.ServiceInstance;
import io.lb4j.balancer.InstanceReport.State;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DatagramExchangeTest {
    private static final byte[] QUERY = "7 who".getBytes(StandardCharsets.UTF_8);
    /** A host limits how often it says that nobody listens; then this has to pass. */
    private static final Duration LONG = Duration.ofSeconds(1);

    private static final Duration SHORT = Duration.ofMillis(100);

    private final Service service = new Service(Service.IN_ORDER);

    @AfterEach
    void close() throws Exception {
        service.close();
    }

    private DatagramExchange exchange(Duration answerTimeout, int attempts) {
        return DatagramExchange.of(service.balancer, answerTimeout, attempts, (query, answer) -> query[0] == answer[0]);
    }

    private static String text(DatagramExchange.Answer answer) {
        return answer.instance().id() + ": " + StandardCharsets.UTF_8.decode(answer.bytes());
    }

    @Test
    void exchange_answered_isASuccess() throws Exception {
        try (UdpServer a = UdpServer.answering("a")) {
            service.set(a.instance());
            DatagramExchange exchange = exchange(LONG, 3);
            for (int i = 0; i < 20; i++) {
                assertThat(text(exchange.exchange(PickRequest.plain(), QUERY))).isEqualTo("a: 7 a");
            }
            assertThat(service.report("a").calls()).isEqualTo(20);
            assertThat(service.failures("a")).isZero();
            assertThat(service.inFlight("a")).isZero();
            assertThat(exchange).hasToString("DatagramExchange[orders]");
        }
    }

    @Test
    void exchange_nobodyListens_asksTheNextAndEjects() throws Exception {
        try (UdpServer b = UdpServer.answering("b")) {
            ServiceInstance a = UdpServer.closed("a");
            service.set(a, b.instance());
            DatagramExchange exchange = exchange(LONG, 3);
            for (int i = 0; i < 5; i++) {
                assertThat(text(exchange.exchange(PickRequest.plain(), QUERY))).isEqualTo("b: 7 b");
            }
            service.time.runDue();
            assertThat(service.report("a").state()).isEqualTo(State.EJECTED);
        }
    }

    @Test
    void exchange_noAnswerInTime_asksTheNext() throws Exception {
        try (UdpServer a = UdpServer.silent("a");
                UdpServer b = UdpServer.answering("b")) {
            service.set(a.instance(), b.instance());
            assertThat(text(exchange(SHORT, 2).exchange(PickRequest.plain(), QUERY)))
                    .isEqualTo("b: 7 b");
            assertThat(service.failures("a")).isEqualTo(1);
            assertThatThrownBy(() -> exchange(SHORT, 1).exchange(PickRequest.plain(), QUERY))
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessageContaining("1 attempt in ")
                    .hasMessageContaining("no answer within 100 ms");
            assertThat(service.failures("a")).isEqualTo(2);
            assertThat(service.report("b").calls()).isEqualTo(1);
        }
    }

    @Test
    void exchange_asManyAsMayBeAsked_asksNoMore() throws Exception {
        service.set(UdpServer.closed("a"), UdpServer.closed("b"), UdpServer.closed("c"));
        assertThatThrownBy(() -> exchange(LONG, 2).exchange(PickRequest.plain(), QUERY))
                .hasMessageContaining("2 attempts in ");
        assertThat(service.failures("b")).isEqualTo(1);
        assertThat(service.report("c").calls()).isZero();
    }

    @Test
    void exchange_answersOfOtherQueries_arePassedOver() throws Exception {
        try (UdpServer a = new UdpServer("a", query -> new String[] {"5 late", "", "7 right", "7 again"})) {
            service.set(a.instance());
            assertThat(text(DatagramExchange.of(
                                    service.balancer,
                                    LONG,
                                    1,
                                    (query, answer) -> answer.length > 0 && query[0] == answer[0])
                            .exchange(PickRequest.plain(), QUERY)))
                    .isEqualTo("a: 7 right");
        }
        try (UdpServer a = new UdpServer("a", query -> new String[] {"5 late"})) {
            service.set(a.instance());
            assertThatThrownBy(() -> exchange(SHORT, 3).exchange(PickRequest.plain(), QUERY))
                    .as("one instance is asked once")
                    .hasMessageContaining("1 attempt in ");
        }
    }

    @Test
    void exchange_noInstance_isAnErrorOfSockets() {
        service.set(ServiceInstance.builder("127.0.0.1", 1).weight(0).build());
        assertThatThrownBy(() -> exchange(SHORT, 1).exchange(PickRequest.plain(), QUERY))
                .isInstanceOf(ConnectException.class);
        assertThatThrownBy(() -> exchange(SHORT, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> exchange(Duration.ZERO, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
