package io.lb4j.socket;

import static io.lb4j.socket.TestServer.greeting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Socket;
import java.net.UnknownHostException;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DriverSocketFactoryTest {

    @Test
    void madeByName_asDriversDo_connectsToTheRegisteredService() throws Exception {
        try (Service service = Service.of(Service.LEAST, TestServer.echo("a"), TestServer.echo("b"))) {
            LoadBalancedSocketFactory sockets = LoadBalancedSocketFactory.of(service.balancer);
            SocketFactory byArgument = Class.forName("io.lb4j.socket.DriverSocketFactory")
                    .asSubclass(SocketFactory.class)
                    .getConstructor(String.class)
                    .newInstance("orders");
            SocketFactory byHost = (SocketFactory) Class.forName("io.lb4j.socket.DriverSocketFactory")
                    .getMethod("getDefault")
                    .invoke(null);
            assertThatThrownBy(() -> byArgument.createSocket("db", 1))
                    .isInstanceOf(UnknownHostException.class)
                    .hasMessage("socket factory: 'orders' (expected: one that is registered, of [])");
            DriverSocketFactory.Registration registration = DriverSocketFactory.register("orders", sockets);
            try (Socket one = byArgument.createSocket("db", 1);
                    Socket two = byHost.createSocket("orders", 1)) {
                assertThat(greeting(one)).isEqualTo("a");
                assertThat(greeting(two)).isEqualTo("b");
                assertThatThrownBy(() -> byHost.createSocket("db", 1)).isInstanceOf(UnknownHostException.class);
                assertThatThrownBy(() -> DriverSocketFactory.register("orders", sockets))
                        .isInstanceOf(IllegalStateException.class);
                registration.close();
                registration.close();
                assertThatThrownBy(() -> byArgument.createSocket("db", 1)).isInstanceOf(UnknownHostException.class);
                assertThat(one.isClosed()).isFalse();
            }
            assertThat(byArgument).hasToString("DriverSocketFactory[orders]");
            assertThat(byHost).hasToString("DriverSocketFactory[by host]");
        }
    }

    /** Or else a driver's request to cancel a statement would go to a server that doesn't know the statement. */
    @Test
    void secondSocket_whileTheFirstIsOpen_goesToTheSameInstance() throws Exception {
        try (Service service = Service.of(Service.LEAST, TestServer.echo("a"), TestServer.echo("b"));
                DriverSocketFactory.Registration registration =
                        DriverSocketFactory.register("cancels", LoadBalancedSocketFactory.of(service.balancer))) {
            SocketFactory sockets = new DriverSocketFactory("cancels");
            Socket first = sockets.createSocket("db", 1);
            assertThat(greeting(first)).isEqualTo("a");
            Socket other = new DriverSocketFactory("cancels").createSocket("db", 1);
            try (Socket cancel = sockets.createSocket("db", 1)) {
                assertThat(greeting(cancel)).isEqualTo("a");
                assertThat(greeting(other)).isEqualTo("b");
                first.close();
                other.close();
                try (Socket next = sockets.createSocket("db", 1)) {
                    assertThat(greeting(next))
                            .as("where there are least by now")
                            .isEqualTo("b");
                    try (Socket free = sockets.createSocket("db", 1)) {
                        assertThat(greeting(free)).isEqualTo("b");
                    }
                }
            }
            assertThat(registration).isNotNull();
        }
    }
}
