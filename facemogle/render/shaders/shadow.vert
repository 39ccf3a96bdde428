#version 330
in vec3 position;
in vec2 texture_place;
out vec2 uv;
uniform mat4 key_camera;
void main() {
  uv = texture_place;
  gl_Position = key_camera * vec4(position, 1.);
}
