package io.lb4j.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.PickRequest;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class LoadBalancedChannelTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private Service service;

    @AfterEach
    void close() throws IOException {
        service.close();
    }

    private LoadBalancedChannels channels() {
        return LoadBalancedChannels.of(
                service.balancer,
                ConnectionSettings.builder()
                        .scheduler(service.time)
                        .ticker(service.time)
                        .build());
    }

    private static String greeting(LoadBalancedChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(2);
        channel.channel().configureBlocking(true);
        while (buffer.hasRemaining() && channel.channel().read(buffer) >= 0) {
            // Goes on until all is there.
        }
        return StandardCharsets.UTF_8.decode(buffer.flip()).toString().trim();
    }

    @Test
    void open_refusedOnce_connectsToTheNext() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        service.set(TestServer.refusing("a"), service.servers.get(0).instance());
        try (LoadBalancedChannel channel = channels().open(PickRequest.plain(), TIMEOUT)) {
            assertThat(greeting(channel)).isEqualTo("b");
            assertThat(channel.instance().id()).isEqualTo("b");
            assertThat(channel.isExpired()).isFalse();
            assertThat(service.inFlight("b")).isEqualTo(1);
            assertThat(channel)
                    .hasToString("LoadBalancedChannel[b " + channel.instance().authority() + "]");
        }
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.inFlight("b")).isZero();
        assertThat(channels()).hasToString("LoadBalancedChannels[orders]");
    }

    @Test
    void channel_closedByItself_endsTheLeaseWithinASecond() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        LoadBalancedChannels channels = channels();
        LoadBalancedChannel channel = channels.open(PickRequest.plain(), TIMEOUT);
        LoadBalancedChannel other = channels.open(PickRequest.plain(), TIMEOUT);
        service.time.advance(Duration.ofSeconds(3));
        assertThat(service.inFlight("a")).isEqualTo(2);
        channel.channel().close();
        service.time.advance(Duration.ofSeconds(1));
        assertThat(service.inFlight("a")).isEqualTo(1);
        other.broke();
        other.close();
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.failures("a")).isEqualTo(1);
        service.time.advance(Duration.ofSeconds(1));
        service.balancer.close();
        service.time.runDue();
        assertThat(service.time.pending()).as("nothing is looked after").isZero();
    }

    @Test
    void open_interrupted_blamesNobody() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"), TestServer.echo("b"));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> channels().open(PickRequest.plain(), TIMEOUT))
                .isInstanceOf(ClosedByInterruptException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(service.failures("a")).isZero();
        assertThat(service.inFlight("a")).isZero();
        assertThat(service.report("b").calls()).isZero();
    }

    @Test
    void start_refusedOnce_asksForAnotherChannelToBeRegistered() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("b"));
        service.set(TestServer.refusing("a"), service.servers.get(0).instance());
        ConnectingChannel connecting = channels().start(PickRequest.plain(), TIMEOUT);
        try (Selector selector = Selector.open()) {
            connecting.channel().register(selector, SelectionKey.OP_CONNECT);
            LoadBalancedChannel connected = null;
            while (connected == null) {
                selector.select();
                selector.selectedKeys().clear();
                connected = connecting.finish();
                if (connected == null && connecting.channel().keyFor(selector) == null) {
                    connecting.channel().register(selector, SelectionKey.OP_CONNECT);
                }
            }
            assertThat(connected.instance().id()).isEqualTo("b");
            assertThat(service.inFlight("b")).isEqualTo(1);
            connecting.close();
            assertThat(connected.channel().isOpen()).isTrue();
            connected.channel().keyFor(selector).cancel();
            selector.selectNow();
            assertThat(greeting(connected)).isEqualTo("b");
            assertThatThrownBy(connecting::finish).isInstanceOf(IllegalStateException.class);
            connected.close();
        }
        assertThat(service.inFlight("b")).isZero();
        assertThat(service.failures("a")).isEqualTo(1);
    }

    @Test
    void next_givenUpAsTooSlow_isAFailureAndTriesAnother() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"), TestServer.echo("b"));
        ConnectingChannel connecting = channels().start(PickRequest.plain(), TIMEOUT);
        connecting.next();
        assertThat(service.failures("a")).isEqualTo(1);
        assertThat(service.inFlight("b")).isEqualTo(1);
        assertThat(connecting).hasToString("ConnectingChannel[orders to b]");
        assertThatThrownBy(connecting::next)
                .isInstanceOf(ConnectException.class.getSuperclass().getSuperclass());
        assertThat(service.inFlight("b")).isZero();
        connecting.close();
        assertThat(service.failures("b")).isEqualTo(1);
    }

    @Test
    void connecting_closedByItsUser_blamesNobody() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        ConnectingChannel byHandle = channels().start(PickRequest.plain(), TIMEOUT);
        byHandle.close();
        byHandle.close();
        assertThat(byHandle.channel().isOpen()).isFalse();
        ConnectingChannel byChannel = channels().start(PickRequest.plain(), TIMEOUT);
        byChannel.channel().close();
        assertThatThrownBy(byChannel::finish).isInstanceOf(ClosedChannelException.class);
        assertThat(service.failures("a")).isZero();
        assertThat(service.inFlight("a")).isZero();
    }

    @Test
    void arguments_outOfRange_areRefused() throws Exception {
        service = Service.of(Service.IN_ORDER, TestServer.echo("a"));
        assertThatThrownBy(() -> channels().open(PickRequest.plain(), Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LoadBalancedChannels.of(
                        service.balancer,
                        ConnectionSettings.builder().proof(Proof.ANSWER).build()))
                .isInstanceOf(IllegalArgumentException.class);
        try (Socket other = new Socket()) {
            assertThat(LoadBalancedSocketFactory.isExpired(other)).isFalse();
        }
    }
}
