package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.util.List;
import javax.net.SocketFactory;
import okhttp3.Dns;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InstanceSocketTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private ServerSocket server;
    private ServiceInstance instance;
    private Marker marker;
    private InstanceSocketFactory factory;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, LOOPBACK);
        instance = ServiceInstance.of(LOOPBACK.getHostAddress(), server.getLocalPort());
        marker = Marker.of("orders", instance.host());
        factory = new InstanceSocketFactory(SocketFactory.getDefault(), marker, instance, Dns.SYSTEM, null);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void connect_toTheMarker_goesToTheInstance() throws IOException {
        try (Socket socket = factory.createSocket()) {
            socket.connect(new InetSocketAddress(marker.address(), 80));
            assertThat(socket.getPort()).isEqualTo(server.getLocalPort());
            assertThat(socket.isConnected()).isTrue();
            assertThat(socket)
                    .hasToString(
                            "InstanceSocket[" + instance.id() + ", " + ((DelegatingSocket) socket).delegate() + "]");
        }
    }

    @Test
    void connect_toAnEqualAddress_goesThere() throws IOException {
        // Equal to the marker, but not it: somebody else's address, such as a proxy's.
        InetAddress equal = InetAddress.getByAddress(marker.address().getAddress());
        assertThat(equal).isEqualTo(marker.address());
        try (ServerSocket other = new ServerSocket(0, 1, LOOPBACK);
                Socket socket = factory.createSocket()) {
            socket.connect(new InetSocketAddress(equal, other.getLocalPort()), 1000);
            assertThat(socket.getPort()).isEqualTo(other.getLocalPort());
        }
    }

    @Test
    void connect_noAddress_saysWhichInstance() throws IOException {
        InstanceSocketFactory nowhere =
                new InstanceSocketFactory(SocketFactory.getDefault(), marker, instance, host -> List.of(), null);
        try (Socket socket = nowhere.createSocket()) {
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> socket.connect(new InetSocketAddress(marker.address(), 80)))
                    .withMessageContaining("no address for instance " + instance.id());
        }
    }

    @Test
    void replace_afterClose_isRefusedAndCloses() throws IOException {
        DelegatingSocket socket = (DelegatingSocket) factory.createSocket();
        Socket next = new Socket();
        socket.close();

        assertThat(socket.isClosedByOwner()).isTrue();
        assertThatExceptionOfType(SocketException.class).isThrownBy(() -> socket.replaceDelegate(next));
        assertThat(next.isClosed()).isTrue();
    }

    @Test
    void factory_otherSockets_areTheUsers() throws IOException {
        try (Socket one = factory.createSocket(LOOPBACK, server.getLocalPort());
                Socket two = factory.createSocket(LOOPBACK.getHostAddress(), server.getLocalPort());
                Socket three = factory.createSocket(LOOPBACK, server.getLocalPort(), LOOPBACK, 0);
                Socket four = factory.createSocket(LOOPBACK.getHostAddress(), server.getLocalPort(), LOOPBACK, 0)) {
            assertThat(List.of(one, two, three, four))
                    .allMatch(Socket::isConnected)
                    .noneMatch(each -> each instanceof DelegatingSocket);
        }
    }

    @Test
    void everyProperty_setOnIt_isThatOfTheSocketBelow() throws IOException {
        Socket socket = factory.createSocket();
        Socket below = ((DelegatingSocket) socket).delegate();
        try (socket) {
            socket.setReuseAddress(true);
            socket.setPerformancePreferences(1, 0, 0);
            socket.bind(new InetSocketAddress(LOOPBACK, 0));
            assertThat(below.isBound()).isTrue();
            socket.setReceiveBufferSize(20_000);
            socket.setSendBufferSize(20_000);
            socket.connect(new InetSocketAddress(LOOPBACK, server.getLocalPort()));
            socket.setTcpNoDelay(true);
            socket.setSoLinger(true, 3);
            socket.setSoTimeout(1234);
            socket.setKeepAlive(true);
            socket.setOOBInline(true);
            socket.setTrafficClass(0x10);
            socket.setOption(StandardSocketOptions.SO_SNDBUF, 30_000);

            assertThat(below.getTcpNoDelay()).isTrue().isEqualTo(socket.getTcpNoDelay());
            assertThat(below.getSoLinger()).isEqualTo(3).isEqualTo(socket.getSoLinger());
            assertThat(below.getSoTimeout()).isEqualTo(1234).isEqualTo(socket.getSoTimeout());
            assertThat(below.getKeepAlive()).isTrue().isEqualTo(socket.getKeepAlive());
            assertThat(below.getOOBInline()).isTrue().isEqualTo(socket.getOOBInline());
            assertThat(below.getReuseAddress()).isTrue().isEqualTo(socket.getReuseAddress());
            assertThat(below.getTrafficClass()).isEqualTo(socket.getTrafficClass());
            assertThat(below.getReceiveBufferSize()).isEqualTo(socket.getReceiveBufferSize());
            assertThat(below.getSendBufferSize()).isEqualTo(socket.getSendBufferSize());
            assertThat(socket.getOption(StandardSocketOptions.SO_SNDBUF)).isEqualTo(below.getSendBufferSize());
            assertThat(socket.supportedOptions()).isEqualTo(below.supportedOptions());
            assertThat(socket.getChannel()).isNull();
            assertThat(socket.getInetAddress()).isEqualTo(LOOPBACK);
            assertThat(socket.getLocalAddress()).isEqualTo(LOOPBACK);
            assertThat(socket.getLocalPort()).isEqualTo(below.getLocalPort());
            assertThat(socket.getLocalSocketAddress()).isEqualTo(below.getLocalSocketAddress());
            assertThat(socket.getRemoteSocketAddress()).isEqualTo(below.getRemoteSocketAddress());

            try (Socket accepted = server.accept()) {
                socket.getOutputStream().write(7);
                assertThat(accepted.getInputStream().read()).isEqualTo(7);
                accepted.getOutputStream().write(8);
                assertThat(socket.getInputStream().read()).isEqualTo(8);
                socket.sendUrgentData(9);
                socket.shutdownOutput();
                socket.shutdownInput();
                assertThat(below.isOutputShutdown()).isTrue().isEqualTo(socket.isOutputShutdown());
                assertThat(below.isInputShutdown()).isTrue().isEqualTo(socket.isInputShutdown());
            }
        }
        assertThat(below.isClosed()).isTrue().isEqualTo(socket.isClosed());
    }
}
