#version 330
in vec3 position, tangent;
in float side;
uniform mat4 key_camera;
uniform vec3 key_direction;
void main() {
  vec3 across = normalize(cross(normalize(tangent + 1e-6), key_direction) + 1e-6);
  gl_Position = key_camera * vec4(position + across * side, 1.);
}
