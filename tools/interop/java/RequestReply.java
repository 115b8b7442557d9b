import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.RequestCallback;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Asks, or answers, a number of requests.
 * Arguments: ask | answer, nameServer, topic, count.
 */
public class RequestReply {
    static int run(String[] args) throws Exception {
        int count = Integer.parseInt(args[3]);
        boolean ok = args[0].equals("ask") ? ask(args[1], args[2], count) : answer(args[1], args[2], count);
        return ok ? 0 : 3;
    }

    /** With a callback: the synchronous request of 5.3.3 returns before the reply has come. */
    private static boolean ask(String nameServer, String topic, int count) throws Exception {
        DefaultMQProducer producer = Producers.start(nameServer, topic + "-asks");
        int answered = 0;
        for (int i = 0; i < count; i++) {
            String question = "question " + i;
            Message message = new Message(topic, question.getBytes(StandardCharsets.UTF_8));
            CountDownLatch done = new CountDownLatch(1);
            AtomicReference<String> reply = new AtomicReference<>();
            producer.request(message, new RequestCallback() {
                @Override
                public void onSuccess(Message answer) {
                    if (answer == null) {
                        return;
                    }
                    reply.set(new String(answer.getBody(), StandardCharsets.UTF_8));
                    done.countDown();
                }

                @Override
                public void onException(Throwable problem) {
                    reply.set(String.valueOf(problem));
                    done.countDown();
                }
            }, 90000);
            done.await(95, TimeUnit.SECONDS);
            System.out.println(question + " -> " + reply.get());
            if (("reply to " + question).equals(reply.get())) {
                answered++;
            }
        }
        producer.shutdown();
        return answered == count;
    }

    private static boolean answer(String nameServer, String topic, int count) throws Exception {
        DefaultMQProducer replies = Producers.start(nameServer, topic + "-replies");
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(topic + "-answers");
        consumer.setNamesrvAddr(nameServer);
        consumer.setInstanceName("answers" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        AtomicInteger answered = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(count);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                answerOne(replies, message, answered, done);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        System.out.println("answering");
        boolean all = done.await(150, TimeUnit.SECONDS);
        consumer.shutdown();
        replies.shutdown();
        return all;
    }

    private static void answerOne(
        DefaultMQProducer replies, MessageExt message, AtomicInteger answered, CountDownLatch done) {
        try {
            String reply = "reply to " + new String(message.getBody(), StandardCharsets.UTF_8);
            replies.send(MessageUtil.createReplyMessage(message, reply.getBytes(StandardCharsets.UTF_8)), 5000);
            System.out.println("answered " + answered.incrementAndGet());
        } catch (Exception problem) {
            problem.printStackTrace();
        } finally {
            done.countDown();
        }
    }
}
